package rollout

import (
	"time"

	"concierge/cluster"
)

// rules are the functions under proof, so that a test can break one.
type rules struct {
	acquire func(v View, me Instance, release string, pick int) *cluster.Txn
	finish  func(View, Instance, Held, Verdict) cluster.Txn
	next    func(View, Lead, Memory, time.Duration) Decision
	policy  Policy
	// apart has the leader look at the members later than at the rest.
	apart bool
}

func realRules() rules {
	return rules{
		acquire: func(v View, me Instance, release string, pick int) *cluster.Txn {
			t, _ := Acquire(v, me, release, 0, pick)
			return t
		},
		finish: Finish, next: Next,
		policy: Policy{MaxUnavailable: Amount{Count: 2}},
	}
}

// arrives is the step that may do nothing any more once another leads.
const arrives = "a stale decision arrives"

// step is one thing that can happen. A fair one happens sooner or later by
// itself; the others are faults and what people do.
type step struct {
	name string
	fair bool
	to   *world
}

// explorer collects the steps from one world.
type explorer struct {
	rules
	from  *world
	steps []step
	wrong []string // what was broken on the way
}

// try adds a step, and what becomes of the transactions that are under way.
func (x *explorer) try(name string, fair bool, do func(*world)) {
	to := x.from.clone()
	do(to)
	to.tidy()
	x.wrong = append(x.wrong, x.broken(name, to)...)
	x.steps = append(x.steps, step{name, fair, to})
	for i := range to.actors {
		for _, o := range x.strays(to, i) {
			late := to.clone()
			late.left.rotate -= o.rotates
			late.actors[i].phase, late.actors[i].asked = asking, o.txn
			x.steps = append(x.steps, step{name + ", and " + to.actors[i].id + " has asked", false, late})
		}
	}
}

// spend adds a step that is a fault, if there is one left.
func (x *explorer) spend(name string, left func(*faults) *int, do func(*world)) {
	if *left(&x.from.left) == 0 {
		return
	}
	x.try(name, false, func(w *world) { *left(&w.left)--; do(w) })
}

func (x *explorer) all() {
	for i, a := range x.from.actors {
		if a.stopped {
			x.try(a.id+" wakes", false, func(w *world) { w.actors[i].stopped = false })
		} else {
			x.act(i, a)
		}
		x.hurt(i, a)
	}
	x.lead()
	x.timers()
	x.people()
}
