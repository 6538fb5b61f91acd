package census

import (
	"maps"
	"slices"
	"time"

	"concierge/cluster/member"
)

// forgotten is how long somebody is remembered who has gone: time enough for
// the election of a leader who says so.
const forgotten = 10 * time.Minute

// roll is who is there, and who was.
type roll struct {
	last  []member.Peer          // as they were told
	there map[string]member.Peer // by id
	gone  map[string]departure   // by incarnation
}

type departure struct {
	peer  member.Peer // as it was last
	since time.Time
}

func newRoll() *roll {
	return &roll{there: make(map[string]member.Peer), gone: make(map[string]departure)}
}

// see takes who is there now. A life that is back has not gone; one whose name
// another life has, has.
func (r *roll) see(peers []member.Peer, now time.Time) {
	if same(peers, r.last) {
		return
	}
	r.last = peers
	there := make(map[string]member.Peer, len(peers))
	for _, p := range peers {
		there[p.ID] = p
		delete(r.gone, p.Incarnation)
	}
	for id, was := range r.there {
		if there[id].Incarnation != was.Incarnation {
			r.gone[was.Incarnation] = departure{was, now}
		}
	}
	maps.DeleteFunc(r.gone, func(_ string, d departure) bool { return now.Sub(d.since) > forgotten })
	r.there = there
}

// miss takes somebody who is known to have been there.
func (r *roll) miss(p member.Peer, now time.Time) {
	if _, known := r.gone[p.Incarnation]; !known && r.there[p.ID].Incarnation != p.Incarnation {
		r.gone[p.Incarnation] = departure{p, now}
	}
}

// same reports whether it is the same list, which nobody changes: a large fleet
// that is at rest costs nothing.
func same(a, b []member.Peer) bool {
	return len(a) > 0 && len(a) == len(b) && &a[0] == &b[0]
}

// missing are those who have gone for longer than grace, the first ones first.
func (r *roll) missing(now time.Time, grace time.Duration) (all []departure) {
	for _, d := range r.gone {
		if away := now.Sub(d.since); away > grace && away <= forgotten {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(a, b departure) int { return a.since.Compare(b.since) })
	return all
}

// settle forgets somebody of whom all is said.
func (r *roll) settle(incarnation string) { delete(r.gone, incarnation) }
