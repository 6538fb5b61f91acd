package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"flag"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/cluster"
)

var full = flag.Bool("full", false, "explore with more faults at once; some minutes")

// search visits every world that can be reached from one.
type search struct {
	rules
	known map[[16]byte]int32
	came  []arrival  // by number: how each world was first reached
	edges [][2]int32 // the fair ones: from, to
	ends  []int32
	plain map[string]string // entries, without what nobody decides by
	count int               // transitions
}

type arrival struct {
	from int32
	name string
}

// run returns what is broken, with the way there; nothing if the proof holds.
func (s *search) run(start *world) string {
	s.known, s.plain = make(map[[16]byte]int32), make(map[string]string)
	s.number(start, arrival{-1, "start"})
	for queue := []*world{start}; len(queue) > 0; queue = queue[1:] {
		w := queue[0]
		from := s.known[s.hash(w)]
		if s.count > 20_000_000 {
			return "no end of states; the newest:\n" + s.way(from)
		}
		x := explorer{rules: s.rules, from: w}
		x.all()
		for _, st := range x.steps {
			s.count++
			to, fresh := s.number(st.to, arrival{from, st.name})
			if st.fair && to != from {
				s.edges = append(s.edges, [2]int32{from, to})
			}
			if fresh {
				queue = append(queue, st.to)
			}
		}
		if len(x.wrong) > 0 {
			return strings.Join(x.wrong, "\n") + "\nafter:\n" + s.way(from) + "\nand one of: " + x.names()
		}
	}
	return s.stuck()
}

func (x *explorer) names() string {
	var names []string
	for _, st := range x.steps {
		names = append(names, st.name)
	}
	return strings.Join(names, ", ")
}

func (s *search) number(w *world, a arrival) (n int32, fresh bool) {
	h := s.hash(w)
	if n, ok := s.known[h]; ok {
		return n, false
	}
	n = int32(len(s.came))
	s.known[h] = n
	s.came = append(s.came, a)
	if w.ended() {
		s.ends = append(s.ends, n)
	}
	return n, true
}

func (s *search) way(n int32) string {
	var steps []string
	for ; n >= 0; n = s.came[n].from {
		steps = append(steps, "  "+s.came[n].name)
	}
	slices.Reverse(steps)
	return strings.Join(steps, "\n")
}

// stuck finds a world from which no end can be reached by what happens by
// itself, without a further fault and without people (I5).
func (s *search) stuck() string {
	back := make([][]int32, len(s.came))
	for _, e := range s.edges {
		back[e[1]] = append(back[e[1]], e[0])
	}
	free := make([]bool, len(s.came))
	queue := slices.Clone(s.ends)
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		if !free[n] {
			free[n] = true
			queue = append(queue, back[n]...)
		}
	}
	if n := slices.Index(free, false); n >= 0 {
		return "I5: no end can be reached\nafter:\n" + s.way(int32(n))
	}
	return ""
}

// hash of all that decides about what can happen.
func (s *search) hash(w *world) [16]byte {
	h := sha256.New()
	for _, e := range w.store.Read("").Entries {
		fmt.Fprintln(h, e.Key, s.bare(e))
	}
	acks := w.look().Acks
	for _, a := range w.actors {
		status := w.store.Version(a.key())
		fmt.Fprintln(h, a.life, a.phase, a.stopped, a.cut, a.fenced, a.running, a.sick, a.result, w.token(a.slot.At), acks[a.id].At.Version > status)
		s.hashTxn(h, a.asked)
	}
	s.hashTxn(h, w.stray)
	s.hashBoss(h, w)
	fmt.Fprintln(h, w.live, w.at, w.left, w.strong)
	var sum [16]byte
	copy(sum[:], h.Sum(nil))
	return sum
}

func (s *search) bare(e cluster.Entry) string {
	key := string(e.Value)
	if known, ok := s.plain[key]; ok {
		return known
	}
	text := bare(e)
	s.plain[key] = text
	return text
}

// bare is an entry without what is only shown to people.
func bare(e cluster.Entry) string {
	text := string(e.Value)
	switch {
	case strings.HasSuffix(e.Key, "/record"):
		r, _ := decodeRecord(e.Value)
		r.Epoch, r.Reason, r.DecidedBy, r.Failed = 0, "", "", 0
		text = string(encodeRecord(r))
	case strings.HasSuffix(e.Key, "/good"):
		g, _ := decode[Good](e.Value)
		text = g.Release
	case strings.HasPrefix(e.Key, "ack/"):
		a, _ := decode[Ack](e.Value)
		a.Evidence, a.Seconds = "", 0
		text = string(encode(a))
	}
	return text
}

// describe is what there is to decide by.
func (w *world) describe() string {
	var b strings.Builder
	for _, prefix := range []string{Prefix(modelSet), AckPrefix(modelSet)} {
		for _, e := range w.store.Read(prefix).Entries {
			fmt.Fprintln(&b, e.Key, bare(e))
		}
	}
	return b.String()
}

// token says of a version whether it is the one that is there: older ones are
// all alike.
func (w *world) token(c cluster.Condition) string {
	switch {
	case c.Version == cluster.Absent:
		return "-"
	case w.store.Version(c.Key) == c.Version:
		return c.Key
	}
	return "old"
}

func (s *search) hashTxn(h hash.Hash, t *cluster.Txn) {
	if t == nil {
		return
	}
	for _, c := range t.If {
		fmt.Fprint(h, c.Key, c.Version == cluster.Absent, ";")
	}
	for _, w := range t.Then {
		if !strings.HasPrefix(w.Key, "evt/") {
			fmt.Fprint(h, w.Key, w.Delete, s.bare(cluster.Entry{Key: w.Key, Value: w.Value}), ";")
		}
	}
	fmt.Fprintln(h)
}

func (s *search) hashBoss(h hash.Hash, w *world) {
	b := w.boss
	m := b.memory
	fmt.Fprintln(h, b.up, b.sound, m.bake)
	s.hashTxn(h, b.decided)
	if b.looked != nil {
		fmt.Fprintln(h, b.detail)
		for _, sl := range b.looked.Slots {
			fmt.Fprint(h, w.token(sl.At), ";")
		}
		for _, a := range w.actors {
			c := b.looked.Acks[a.id].At
			fmt.Fprint(h, w.token(c), c.Version > w.store.Version(a.key()), ";")
		}
	}
	for _, timers := range []map[cluster.Condition]time.Duration{m.held, m.missing} {
		for _, c := range slices.SortedFunc(maps.Keys(timers), func(a, b cluster.Condition) int { return strings.Compare(a.Key, b.Key) }) {
			fmt.Fprint(h, w.token(c), timers[c], ";")
		}
		fmt.Fprintln(h)
	}
	for _, c := range m.seen {
		_ = binary.Write(h, binary.BigEndian, int64(c.n))
	}
}

// scenario is where a search begins and what may go wrong in it.
type scenario struct {
	name  string
	long  bool // not in the short form
	start func() *world
}

func fleet(h harm, left faults) func() *world {
	return func() *world { return newWorld(h, left, realRules().policy) }
}

func scenarios(more int) []scenario {
	return []scenario{
		{"a good edit, a crash, a new leader", true, fleet(harmless, faults{edit: 1, crash: 1, depose: more})},
		{"a bad edit, a crash", false, fleet(failsAll, faults{edit: 1, crash: 1, depose: more})},
		{"an edit that is bad for one, a new leader", false, fleet(failsOne, faults{edit: 1, depose: 1, crash: more})},
		{"an edit that hurts later, a new leader", true, fleet(sickLater, faults{edit: 1, depose: 1, crash: more})},
		{"an instance is stopped", true, fleet(harmless, faults{edit: 1, stop: 1, depose: more})},
		{"an instance is cut off", true, fleet(harmless, faults{edit: 1, cut: 1, depose: more})},
		{"a bad edit and an instance that is cut off", true, fleet(failsOne, faults{edit: 1, cut: 1, crash: more})},
		{"a bad edit and an instance that is stopped", true, fleet(failsOne, faults{edit: 1, stop: 1, slow: more})},
		{"a change that is too slow", true, fleet(harmless, faults{edit: 1, slow: 1, crash: more})},
		{"two edits", true, fleet(harmless, faults{edit: 2, depose: more})},
		{"a bad edit and another one", false, fleet(failsAll, faults{edit: 2, crash: more})},
		{"operators", true, fleet(harmless, faults{edit: 1, operator: 2, crash: more})},
		{"slots are lowered", true, fleet(harmless, faults{edit: 1, shrink: 1, rotate: 1, stop: more})},
		{"secrets are rotated", true, fleet(harmless, faults{edit: 1, rotate: 2, crash: more})},
		{"the first release", true, func() *world { return emptyWorld(harmless, faults{crash: 1, depose: more}) }},
		{"a bad first release", false, func() *world { return emptyWorld(failsAll, faults{crash: 1, edit: 1}) }},
	}
}

// TestEveryStateOfASmallFleetKeepsTheInvariants is the proof: I1 to I5 of
// docs/rollouts.md in every state that three instances with two slots can reach.
func TestEveryStateOfASmallFleetKeepsTheInvariants(t *testing.T) {
	more := 0
	if *full {
		more = 1
	}
	states, transitions := 0, 0
	for _, sc := range scenarios(more) {
		if sc.long && !*full {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			s := search{rules: realRules()}
			s.apart = *full
			begun := time.Now()
			if wrong := s.run(sc.start()); wrong != "" {
				t.Fatal(wrong)
			}
			t.Logf("%d states, %d transitions, %d ends, %.1f s", len(s.came), s.count, len(s.ends), time.Since(begun).Seconds())
			states, transitions = states+len(s.came), transitions+s.count
		})
	}
	t.Logf("in all: %d states, %d transitions", states, transitions)
}
