package rollout

import (
	"maps"
	"slices"
	"strings"
	"time"

	"concierge/cluster"
)

// Member is an instance that the store shows as there.
type Member struct {
	ID          string
	Incarnation string // another one for each life
	Domain      string // failure domain; may be empty
	Running     string // the release of the set that it says it runs; empty while it starts
	Sick        bool   // it says that it is not healthy
	// Version of the status that Running and Sick are from, to know whether an
	// acknowledgement is newer.
	Version cluster.Version
}

// Held is a slot that is taken.
type Held struct {
	Slot
	Domain string            `json:"domain,omitempty"`
	N      int               `json:"slot"`
	At     cluster.Condition `json:"-"` // its key and version: the fencing token
}

// Noted is an acknowledgement as it was read.
type Noted struct {
	Ack
	At cluster.Condition
}

// Told is a trouble as it was read.
type Told struct {
	Trouble
	At cluster.Condition
}

// Frozen is a hold as it was read.
type Frozen struct {
	Hold
	At cluster.Condition
}

// View is what is known of a set at one moment. It is read and never changed.
type View struct {
	Set     string
	Record  Record
	Version cluster.Version // of the record; [cluster.Absent] if there is none
	Good    Good
	Trouble *Told // nil: none
	Slots   []Held
	Acks    map[string]Noted  // by instance; an instance has its own alone
	Holds   map[string]Frozen // by instance; "" is the whole set
	Members []Member          // sorted by id; an instance has none
	At      time.Time         // wall clock, for display and for holds that end
}

// With is the view with the members that are there.
func (v View) With(members []Member, now time.Time) View {
	v.Members = slices.SortedFunc(slices.Values(members), func(a, b Member) int { return strings.Compare(a.ID, b.ID) })
	v.At = now
	return v
}

// Mark is the highest that was seen of a set's record.
type Mark struct{ ID, Epoch uint64 }

// Mark of the view.
func (v View) Mark() Mark { return Mark{v.Record.ID, v.Record.Epoch} }

// Behind says whether the view is older than what was seen before: then the
// store was restored from a backup or emptied, and is to be treated as away.
func (v View) Behind(seen Mark) bool { return v.Record.ID < seen.ID || v.Record.Epoch < seen.Epoch }

// held returns the slot of an instance.
func (v View) held(id string) (Held, bool) {
	i := slices.IndexFunc(v.Slots, func(h Held) bool { return h.Holder == id })
	if i < 0 {
		return Held{}, false
	}
	return v.Slots[i], true
}

func (v View) member(id string) (Member, bool) {
	i, ok := slices.BinarySearchFunc(v.Members, id, func(m Member, id string) int { return strings.Compare(m.ID, id) })
	if !ok {
		return Member{}, false
	}
	return v.Members[i], true
}

// alive says whether this life of an instance is there.
func (v View) alive(id, incarnation string) bool {
	m, ok := v.member(id)
	return ok && m.Incarnation == incarnation
}

// runs is the release that a member runs, by the newest that was said of it.
// It is empty when its slot was taken away since: nobody knows until it says so.
func (v View) runs(m Member) string {
	if a := v.Acks[m.ID]; a.Incarnation == m.Incarnation && a.At.Version > m.Version {
		return a.Running
	}
	return m.Running
}

// failed says whether this life of an instance failed with the release that is
// being tried.
func (v View) failed(id, incarnation string) bool {
	a := v.Acks[id]
	return a.Rollout == v.Record.ID && a.Incarnation == incarnation && a.Release == v.Record.To && a.Result.Failing()
}

// failing are the instances that failed with the release of this rollout, those
// that do so no more apart, in order of their names; at most [FailuresKept].
func (v View) failing() []Failure {
	var list []Failure
	for _, id := range slices.Sorted(maps.Keys(v.Acks)) {
		a := v.Acks[id]
		if a.Rollout == v.Record.ID && a.Fails > 0 && a.Result.Failing() && len(list) < FailuresKept {
			list = append(list, Failure{id, a.Result})
		}
	}
	return list
}

// failures of this rollout, of all instances in all their lives.
func (v View) failures() int {
	n := 0
	for a := range maps.Values(v.Acks) {
		if a.Rollout == v.Record.ID {
			n += a.Fails
		}
	}
	return n
}

// frozen says whether an instance is held, and by what.
func (v View) frozen(id string) (Hold, bool) {
	for _, who := range []string{"", id} {
		if h, ok := v.Holds[who]; ok {
			return h.Hold, true
		}
	}
	return Hold{}, false
}

// inCohort says whether an instance belongs to the stages so far.
func (v View) inCohort(id string) bool { return position(v.Record.Salt, id) <= v.Record.Cut }
