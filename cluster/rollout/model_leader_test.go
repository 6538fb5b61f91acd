package rollout

import (
	"slices"
	"time"

	"concierge/cluster"
)

// lead is what the leader does. What it decided under its term is dropped when it
// is deposed: it may still be done until another leads, but that is the same as
// to be deposed after it; a test takes the term away.
func (x *explorer) lead() {
	b := x.from.boss
	if x.from.stray != nil {
		x.try(arrives, false, func(w *world) { w.commit(*w.stray); w.stray, w.strong = nil, false })
	}
	if !b.up {
		x.try("another leads", true, func(w *world) { w.elect() })
		return
	}
	x.spend("the leader is deposed", func(f *faults) *int { return &f.depose }, func(w *world) {
		if w.boss = (boss{}); b.decided != nil && !slices.Contains(b.decided.If, b.term) {
			w.stray, w.strong = b.decided, b.sound
		}
	})
	if b.decided != nil {
		x.try("the leader commits", true, func(w *world) { w.commit(*b.decided); w.boss.decided, w.boss.sound = nil, false })
		return
	}
	if x.apart && b.looked == nil {
		x.try("the leader looks", true, func(w *world) {
			v := w.look()
			w.boss.looked = &v
		})
		return
	}
	x.decide()
}

// decide is by a look at the members, and by one at the rest, which may be older.
func (x *explorer) decide() {
	v := x.from.look()
	if x.apart {
		v = *x.from.boss.looked
	}
	v.Members = x.from.look().Members
	l := Lead{Who: "lead", Term: x.from.boss.term, Policy: x.policy, Live: Live{x.from.live, map[string]uint64{"s": x.from.at}}}
	d := x.next(v, l, x.from.boss.memory, 0)
	decided := func(w *world) {
		w.boss.looked, w.boss.memory, w.boss.decided = nil, d.Memory, d.Txn
		w.boss.sound = d.Txn != nil && w.soundNow(v)
	}
	x.try("the leader decides", true, decided)
	if b := d.Memory.bake; b.on && b.since != over {
		x.try("bake over", true, func(w *world) {
			decided(w)
			w.boss.memory.bake.since = over
		})
	}
}

// soundNow says whether everybody that the leader sees and that still is there
// runs, in truth, what a rollout or a return that is over claims.
func (w *world) soundNow(v View) bool {
	r := v.Record
	for _, a := range w.actors {
		if a.phase == down || !v.alive(a.id, a.incarnation()) {
			continue
		}
		if r.State == Rolling && a.running != r.To && !v.failed(a.id, a.incarnation()) || r.State == RollingBack && a.running == r.To {
			return false
		}
	}
	return true
}

// timers are the ends of the times that run in the leader's memory; that of the
// bake is with its decisions. Time is over when the clocks allow it: what was
// begun in time ends within the grace, but for those who are stopped; a deadline
// ends for the holder before it does for the leader.
func (x *explorer) timers() {
	m := x.from.boss.memory
	if !x.from.boss.up {
		return
	}
	v := x.from.look()
	gone := func(id, incarnation string, c cluster.Condition) {
		if m.missing[c] == over || v.alive(id, incarnation) || x.from.busy(c) {
			return
		}
		x.try("grace over: "+c.Key, true, func(w *world) {
			w.boss.memory.missing = put(m.missing, c, over)
			w.fence(c)
		})
	}
	for _, s := range v.Slots {
		gone(s.Holder, s.Incarnation, s.At)
		if m.held[s.At] != over {
			x.spend("deadline over: "+s.At.Key, func(f *faults) *int { return &f.slow }, func(w *world) {
				w.boss.memory.held = put(m.held, s.At, over)
				w.fence(s.At)
			})
		}
	}
	for id, a := range v.Acks {
		if v.onTrial(a.Ack) {
			gone(id, a.Incarnation, a.At)
		}
	}
}

func put(m map[cluster.Condition]time.Duration, c cluster.Condition, at time.Duration) map[cluster.Condition]time.Duration {
	next := map[cluster.Condition]time.Duration{c: at}
	for k, v := range m {
		if k != c {
			next[k] = v
		}
	}
	return next
}

// busy says whether the holder of a slot is in the midst of a change that it
// began in time.
func (w *world) busy(slot cluster.Condition) bool {
	return slices.ContainsFunc(w.actors[:], func(a actor) bool {
		return a.slot.At == slot && a.phase == changing && !a.stopped && !a.fenced
	})
}

func (w *world) fence(slot cluster.Condition) {
	for i := range w.actors {
		if a := &w.actors[i]; a.slot.At == slot {
			a.fenced = true
		}
	}
}
