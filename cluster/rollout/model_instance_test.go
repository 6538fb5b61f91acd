package rollout

import (
	"concierge/cluster"
)

// act is what an instance does.
func (x *explorer) act(i int, a actor) {
	me := func(w *world) *actor { return &w.actors[i] }
	switch a.phase {
	case down:
		x.try(a.id+" restarts", false, func(w *world) { restart(w, me(w)) })
		return
	case starting, idle:
		x.free(a, me)
	case asking:
		if a.cut {
			return
		}
		x.try(a.id+" takes a slot late", true, func(w *world) { take(w, me(w), a.asked) })
	case holding:
		x.try(a.id+" begins or gives up", true, func(w *world) { begin(w, me(w)) })
	case changing:
		x.try(a.id+" settles", true, func(w *world) { settle(w, me(w)) })
	case changed:
		if a.cut {
			return
		}
		x.try(a.id+" finishes", true, func(w *world) { x.done(w, me(w)) })
	}
	if !a.cut && !x.from.registered(a) {
		x.try(a.id+" comes back", true, func(w *world) { w.register(*me(w)) })
	}
}

func restart(w *world, a *actor) {
	*a = actor{id: a.id, life: a.life + 1, phase: starting}
	w.register(*a)
}

// free is what one does who has no slot: nothing, while it is apart.
func (x *explorer) free(a actor, me func(*world) *actor) {
	switch {
	case a.cut:
	case a.phase == starting:
		x.start(a, me)
	default:
		x.ask(a, me)
	}
}

// start first says what became of the former life.
func (x *explorer) start(a actor, me func(*world) *actor) {
	v := x.from.look()
	if t := Recover(v, a.instance()); t != nil {
		x.try(a.id+" recovers", true, func(w *world) { w.commit(*t) })
		return
	}
	release, _ := Target(v, a.instance())
	if release == "" || v.failed(a.id, a.incarnation()) {
		return
	}
	x.try(a.id+" starts", true, func(w *world) {
		a := me(w)
		if w.fails(*a, release) {
			w.commit(Report(w.look(), a.instance(), release, Verdict{Result: Broken}))
			return
		}
		a.phase, a.running = idle, release
		w.register(*a)
	})
}

// ask takes a slot: the look and the commit are one step here, and strays are
// those that are two.
func (x *explorer) ask(a actor, me func(*world) *actor) {
	v := x.from.look()
	target, _ := Target(v, a.instance())
	for pick := range x.picks() {
		t := x.acquire(v, x.from.instance(a), target, pick)
		switch {
		case t == nil:
		case target == a.running:
			x.spend(a.id+" takes a slot for a new secret", func(f *faults) *int { return &f.rotate }, func(w *world) { take(w, me(w), t) })
		default:
			x.try(a.id+" takes a slot", true, func(w *world) { take(w, me(w), t) })
		}
	}
}

// picks is how many of the free slots have to be tried: which one it is matters
// only while their number may be lowered.
func (x *explorer) picks() int {
	if x.from.left.shrink > 0 {
		return 2
	}
	return 1
}

func take(w *world, a *actor, t *cluster.Txn) {
	done := w.commit(*t)
	a.phase, a.asked = idle, nil
	if done {
		a.slot, _ = Mine(w.look(), a.instance())
		a.phase, a.fenced = holding, false
	}
}

// begin is the fence: nothing is begun without a session and within the time.
// The change of a target may be seen late, so both may happen then.
func begin(w *world, a *actor) {
	target, _ := Target(w.look(), a.instance())
	if a.fenced || a.cut || target != a.slot.Release {
		a.phase, a.result = changed, Skipped
		return
	}
	a.phase = changing
}

func settle(w *world, a *actor) {
	a.phase = changed
	if w.fails(*a, a.slot.Release) {
		a.result = Reverted
		return
	}
	a.result, a.running, a.sick = Applied, a.slot.Release, false
	if w.registered(*a) && !a.cut {
		w.register(*a)
	}
}

// done gives the slot back. Refused, it was fenced: it runs what it runs.
func (x *explorer) done(w *world, a *actor) {
	w.commit(x.finish(w.look(), a.instance(), a.slot, Verdict{Result: a.result, Running: a.running}))
	a.phase, a.slot, a.result, a.fenced = idle, Held{}, "", false
	if t := Confess(w.look(), a.instance()); t != nil {
		w.commit(*t)
	}
}

// hurt is what can happen to an instance.
func (x *explorer) hurt(i int, a actor) {
	if a.phase != down {
		x.spend(a.id+" crashes", func(f *faults) *int { return &f.crash }, func(w *world) {
			w.actors[i] = actor{id: a.id, life: a.life, phase: down}
		})
	}
	if a.phase != down && !a.stopped {
		x.spend(a.id+" is stopped", func(f *faults) *int { return &f.stop }, func(w *world) { w.actors[i].stopped = true })
	}
	if a.phase != down && !a.cut {
		x.spend(a.id+" is cut off", func(f *faults) *int { return &f.cut }, func(w *world) { w.actors[i].cut = true })
	}
	if a.cut {
		x.try(a.id+" is back", false, func(w *world) { w.actors[i].cut = false })
	}
	if (a.stopped || a.cut || a.phase == down) && x.from.registered(a) {
		x.try(a.id+" expires", true, func(w *world) {
			w.commit(cluster.Txn{Then: []cluster.Write{{Key: a.key(), Delete: true}}})
			w.actors[i].fenced = a.stopped
		})
	}
	if x.from.harm == sickLater && a.running == "B" && a.phase == idle && !a.sick && !a.stopped {
		x.try(a.id+" falls ill", false, func(w *world) { w.actors[i].sick = true; w.register(w.actors[i]) })
	}
	x.sicken(i, a)
}

// sicken is an illness that has nothing to do with the release. It passes.
func (x *explorer) sicken(i int, a actor) {
	turn := func(w *world) {
		w.actors[i].unwell = !a.unwell
		w.register(w.actors[i])
	}
	switch {
	case a.phase != idle || a.stopped || a.cut:
	case a.unwell:
		x.try(a.id+" is well again", true, turn)
	default:
		x.spend(a.id+" falls ill by itself", func(f *faults) *int { return &f.ill }, turn)
	}
}
