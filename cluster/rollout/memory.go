package rollout

import (
	"maps"
	"math"
	"slices"
	"time"

	"concierge/cluster"
)

// blindWindow is the time within which many instances have to vanish for it to
// be a loss of sight.
const blindWindow = time.Minute

// Memory is what a leader remembers from look to look, all of it on its own
// monotonic clock: how long something has been so. It is not changed by [Next],
// which returns another one. The zero value is that of a new leader.
type Memory struct {
	held    map[cluster.Condition]time.Duration // slots, since they were first seen
	missing map[cluster.Condition]time.Duration // slots and acks whose instance is gone, since
	bake    bake
	seen    []count
}

// bake is that a stage has been settled since.
type bake struct {
	rollout uint64
	stage   int
	since   time.Duration
	on      bool
}

// count is that so many instances were seen.
type count struct {
	at time.Duration
	n  int
}

// look is the memory after a look at a view.
func (m Memory) look(v View, now time.Duration) Memory {
	next := Memory{
		held: make(map[cluster.Condition]time.Duration), missing: make(map[cluster.Condition]time.Duration),
		bake: m.bake.look(v, now), seen: m.count(len(v.Members), now),
	}
	for _, s := range v.Slots {
		next.held[s.At] = since(m.held, s.At, now)
		if !v.alive(s.Holder, s.Incarnation) {
			next.missing[s.At] = since(m.missing, s.At, now)
		}
	}
	for id, a := range v.Acks {
		if v.onTrial(a.Ack) && !v.alive(id, a.Incarnation) {
			next.missing[a.At] = since(m.missing, a.At, now)
		}
	}
	return next
}

func since(known map[cluster.Condition]time.Duration, what cluster.Condition, now time.Duration) time.Duration {
	if at, ok := known[what]; ok {
		return at
	}
	return now
}

func (b bake) look(v View, now time.Duration) bake {
	r := v.Record
	switch {
	case r.State != Rolling || !v.settled():
		return bake{}
	case b.on && b.rollout == r.ID && b.stage == r.Stage:
		return b
	}
	return bake{r.ID, r.Stage, now, true}
}

// count keeps the highest numbers of the last minute: those before which there
// was a lower one, and which are not over.
func (m Memory) count(n int, now time.Duration) []count {
	kept := slices.DeleteFunc(slices.Clone(m.seen), func(c count) bool { return c.n <= n || now-c.at > blindWindow })
	return append(kept, count{now, n})
}

// most is how many instances were seen within the last minute.
func (m Memory) most() int {
	most := 0
	for _, c := range m.seen {
		most = max(most, c.n)
	}
	return most
}

// blind says whether more than two, and more than a fifth, vanished at once.
func (m Memory) blind(n int) bool {
	most := m.most()
	return most-n > max(2, most/5)
}

func (m Memory) gone(what cluster.Condition, now, grace time.Duration) bool {
	at, ok := m.missing[what]
	return ok && now-at >= grace
}

func (m Memory) late(s Held, now time.Duration) bool {
	at, ok := m.held[s.At]
	return ok && s.Deadline > 0 && now-at >= time.Duration(s.Deadline)*time.Second
}

func (m Memory) baked(r Record, now time.Duration) bool {
	return m.bake.on && now-m.bake.since >= r.baking()
}

// wake is the earliest end of a time that runs, which no change in the store
// announces.
func (m Memory) wake(v View, p Policy) time.Duration {
	wake := time.Duration(math.MaxInt64)
	for since := range maps.Values(m.missing) {
		wake = min(wake, since+p.grace())
	}
	for _, s := range v.Slots {
		wake = min(wake, m.held[s.At]+time.Duration(s.Deadline)*time.Second)
	}
	if m.bake.on {
		wake = min(wake, m.bake.since+v.Record.baking())
	}
	return wake
}
