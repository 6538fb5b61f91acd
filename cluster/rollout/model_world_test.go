package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"concierge/cluster"
	"concierge/cluster/memstore"
)

// The model: a fleet of three instances with two slots, a leader, and the store
// in memory. What is decided is decided by the functions of this package; the
// model only says what may happen in between: that a look and a commit are two
// moments, that anybody may die or be stopped at any of them, and when time may
// be over.

const (
	modelSet = "web.main"
	recordAt = "roll/" + modelSet + "/record"
	leadKey  = "lead/web"
	over     = -time.Hour // of a timer: it began so long ago that it is over
)

type phase uint8

const (
	down     phase = iota
	starting       // it runs nothing yet
	idle
	asking   // a transaction for a slot is under way that it would not ask for now
	holding  // it has a slot and has not begun
	changing // it is unavailable
	changed  // the change is over; the slot is not given back yet
)

// actor is an instance.
type actor struct {
	id      string
	life    int
	phase   phase
	stopped bool // by SIGSTOP, or a machine that is frozen
	cut     bool // it is apart from the store
	fenced  bool // its session or its deadline ended while it was in change
	running string
	sick    bool // by its release
	unwell  bool // for a reason of its own
	asked   *cluster.Txn
	slot    Held
	result  Result
}

func (a actor) incarnation() string { return strconv.Itoa(a.life) }

func (a actor) instance() Instance {
	return Instance{ID: a.id, Incarnation: a.incarnation(), Running: a.running}
}

// instance is an actor as it sees itself, with its entry in the store.
func (w *world) instance(a actor) Instance {
	me := a.instance()
	me.Seen = cluster.Condition{Key: a.key(), Version: w.store.Version(a.key())}
	return me
}

func (a actor) key() string { return "inst/" + a.id }

// boss is the leader.
type boss struct {
	up      bool
	term    cluster.Condition
	memory  Memory
	looked  *View // the state and the acknowledgements; the members come after
	decided *cluster.Txn
	sound   bool // when it decided, all that it saw ran what it thought
}

// faults is how much may still go wrong, or be asked for.
type faults struct{ crash, stop, cut, depose, slow, rotate, operator, edit, shrink, ill int }

// harm is what is wrong with release B.
type harm uint8

const (
	harmless harm = iota
	failsAll
	failsOne  // on the last instance alone
	sickLater // it comes up, and falls ill
)

// world is a state. Copies share what nobody changes.
type world struct {
	*reader
	store  memstore.State
	actors [3]actor
	boss   boss
	stray  *cluster.Txn // of a leader that was deposed: it may still arrive
	strong bool         // the stray decision was sound
	live   string
	at     uint64 // revision of the sources
	harm   harm
	left   faults
	known  *View // of store, with the members; nil after a commit
}

func (w *world) clone() *world {
	c := *w
	c.store = w.store.Clone()
	return &c
}

func (w *world) look() View {
	if w.known == nil {
		v := w.view(&w.store)
		v.Members = w.there(&w.store) // in order of their names
		w.known = &v
	}
	return *w.known
}

// commit does a transaction; the audit trail is left out, nobody decides by it.
func (w *world) commit(t cluster.Txn) bool {
	t.Then = slices.DeleteFunc(slices.Clone(t.Then), func(wr cluster.Write) bool { return strings.HasPrefix(wr.Key, "evt/") })
	w.known = nil
	return w.store.Commit(t)
}

// register writes what an instance says of itself.
func (w *world) register(a actor) {
	w.commit(cluster.Txn{Then: []cluster.Write{{Key: a.key(), Value: fmt.Appendf(nil, "%d %s %t", a.life, a.running, a.sick || a.unwell)}}})
}

func (w *world) registered(a actor) bool { return w.look().alive(a.id, a.incarnation()) }

func (w *world) elect() {
	w.commit(cluster.Txn{Then: []cluster.Write{{Key: leadKey, Value: []byte("x")}}})
	w.boss = boss{up: true, term: cluster.Condition{Key: leadKey, Version: w.store.Version(leadKey)}}
}

// dead says whether a transaction can never be done any more: then it is the
// same as none. A version is never used again.
func (w *world) dead(t *cluster.Txn) bool {
	return t != nil && slices.ContainsFunc(t.If, w.past)
}

// past says whether a version was there and is not any more.
func (w *world) past(c cluster.Condition) bool {
	return c.Version != cluster.Absent && w.store.Version(c.Key) != c.Version
}

// tidy drops what cannot matter any more, so that equal states look equal.
func (w *world) tidy() {
	if w.dead(w.boss.decided) {
		w.boss.decided, w.boss.sound = nil, false
	}
	if b := &w.boss; b.looked != nil && b.looked.Version != w.store.Version(recordAt) {
		b.looked = nil // whatever comes of it is refused
	}
	if w.dead(w.stray) {
		w.stray, w.strong = nil, false
	}
	for i := range w.actors {
		if a := &w.actors[i]; a.phase == asking && w.dead(a.asked) {
			a.phase, a.asked = idle, nil
		}
	}
	w.forget()
}

// forget drops from the leader's memory the times that still run: the steps that
// end them need no beginning, so that each may end in every state in which it
// could have begun, which is more than a fleet can do. What is over stays.
//
// The number of members that were seen is for the rule by which a leader that
// sees nobody of three pauses; no scenario has so many faults.
func (w *world) forget() {
	m := w.boss.memory
	runs := func(c cluster.Condition, at time.Duration) bool {
		return at != over || w.past(c) && w.boss.looked == nil
	}
	m.held, m.missing, m.seen = maps.Clone(m.held), maps.Clone(m.missing), nil
	maps.DeleteFunc(m.held, runs)
	maps.DeleteFunc(m.missing, runs)
	if m.bake.since != over {
		m.bake = bake{}
	}
	w.boss.memory = m
}

// newWorld is a fleet on release A, before an edit.
func newWorld(h harm, left faults, p Policy) *world {
	w := &world{reader: newReader(), harm: h, left: left, live: "A", at: 1}
	for i := range w.actors {
		w.actors[i] = actor{id: fmt.Sprint("i", i), phase: idle, running: "A"}
		w.register(w.actors[i])
	}
	r := Record{}.succeed("A", p)
	r.State, r.Revisions, r.Slots, r.Cut = Complete, map[string]uint64{"s": 1}, map[string]int{"": 2}, everybody
	w.commit(View{Set: modelSet}.write(r, By{"test", "start"}, cluster.Txn{}))
	w.elect()
	return w
}

// emptyWorld is a fleet that starts, on nothing.
func emptyWorld(h harm, left faults) *world {
	w := &world{reader: newReader(), harm: h, left: left, live: "B", at: 1}
	for i := range w.actors {
		w.actors[i] = actor{id: fmt.Sprint("i", i), phase: starting}
		w.register(w.actors[i])
	}
	w.elect()
	return w
}

// fails says whether a release does not come up on an instance.
func (w *world) fails(a actor, release string) bool {
	return release == "B" && (w.harm == failsAll || w.harm == failsOne && a.id == "i2")
}
