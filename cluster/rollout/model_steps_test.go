package rollout

import (
	"slices"
	"time"

	"concierge/cluster"
)

// rules are the functions under proof, so that a test can break one.
type rules struct {
	acquire func(View, Instance, string) *cluster.Txn
	finish  func(View, Instance, Held, Verdict) cluster.Txn
	next    func(View, Lead, Memory, time.Duration) Decision
	policy  Policy
	// apart has the leader look at the members later than at the rest.
	apart bool
}

func realRules() rules {
	return rules{
		acquire: func(v View, me Instance, release string) *cluster.Txn {
			t, _ := Acquire(v, me, release, 0, 0)
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

// try adds a step, if it changes anything.
func (x *explorer) try(name string, fair bool, do func(*world)) {
	to := x.from.clone()
	do(to)
	to.tidy()
	x.wrong = append(x.wrong, x.broken(name, to)...)
	x.steps = append(x.steps, step{name, fair, to})
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
		x.try(a.id+" takes a slot", true, func(w *world) { take(w, me(w)) })
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

func (x *explorer) ask(a actor, me func(*world) *actor) {
	v := x.from.look()
	target, _ := Target(v, a.instance())
	if target != a.running {
		if t := x.acquire(v, x.from.instance(a), target); t != nil {
			x.try(a.id+" asks", true, func(w *world) { me(w).phase, me(w).asked = asking, t })
		}
	} else if t := x.acquire(v, x.from.instance(a), target); t != nil {
		x.spend(a.id+" asks for a new secret", func(f *faults) *int { return &f.rotate }, func(w *world) { me(w).phase, me(w).asked = asking, t })
	}
}

func take(w *world, a *actor) {
	done := w.commit(*a.asked)
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
}

// lead is what the leader does.
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
		w.stray, w.strong, w.boss = b.decided, b.sound, boss{}
	})
	if b.decided != nil {
		x.try("the leader commits", true, func(w *world) { w.commit(*b.decided); w.boss.decided, w.boss.sound = nil, false })
		return
	}
	if !x.apart {
		x.try("the leader decides", true, func(w *world) {
			v := w.look()
			w.boss.looked = &v
			x.decide(w)
		})
		return
	}
	if b.looked == nil {
		x.try("the leader looks", true, func(w *world) {
			v := w.look()
			w.boss.looked, w.boss.detail = &v, w.describe()
		})
		return
	}
	x.try("the leader decides", true, x.decide)
}

func (x *explorer) decide(w *world) {
	v := w.boss.looked.With(w.members(), time.Time{})
	l := Lead{Who: "lead", Term: w.boss.term, Policy: x.policy, Live: Live{w.live, map[string]uint64{"s": w.at}}}
	d := x.next(v, l, w.boss.memory, 0)
	w.boss.looked, w.boss.detail = nil, ""
	w.boss.memory, w.boss.decided = d.Memory, d.Txn
	w.boss.sound = w.soundNow(v)
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

// timers are the ends of the times that run in the leader's memory. Time is over
// when the clocks allow it: what was begun in time ends within the grace, but
// for those who are stopped; a deadline ends for the holder before it does for the leader.
func (x *explorer) timers() {
	m := x.from.boss.memory
	for c, at := range m.missing {
		if at != over && x.from.store.Version(c.Key) == c.Version && x.from.absent(c) && !x.from.busy(c) {
			x.try("grace over: "+c.Key, true, func(w *world) {
				w.boss.memory.missing = put(m.missing, c, over)
				w.fence(c)
			})
		}
	}
	for c, at := range m.held {
		if at != over && x.from.store.Version(c.Key) == c.Version {
			x.spend("deadline over: "+c.Key, func(f *faults) *int { return &f.slow }, func(w *world) {
				w.boss.memory.held = put(m.held, c, over)
				w.fence(c)
			})
		}
	}
	if m.bake.on && m.bake.since != over {
		x.try("bake over", true, func(w *world) { w.boss.memory.bake.since = over })
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

// absent says whether the life that a slot or an acknowledgement is of is not
// there now.
func (w *world) absent(c cluster.Condition) bool {
	v := w.look().With(w.members(), time.Time{})
	for _, s := range v.Slots {
		if s.At == c {
			return !v.alive(s.Holder, s.Incarnation)
		}
	}
	for id, a := range v.Acks {
		if a.At == c {
			return !v.alive(id, a.Incarnation)
		}
	}
	return false
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

// people edit, and steer.
func (x *explorer) people() {
	edits := map[string]string{"A": "B", "B": "C", "C": ""}
	if next := edits[x.from.live]; next != "" {
		x.spend("edit to "+next, func(f *faults) *int { return &f.edit }, func(w *world) { w.live = next; w.at++ })
	}
	if x.from.live == "B" {
		x.spend("edit taken back", func(f *faults) *int { return &f.edit }, func(w *world) { w.live = "A"; w.at++ })
	}
	v := x.from.look()
	if x.from.left.operator > 0 {
		x.steer(v)
	}
	if v.Record.Slots[""] > 1 {
		x.spend("slots lowered", func(f *faults) *int { return &f.shrink }, func(w *world) {
			r := v.Record
			r.Slots = map[string]int{"": 1}
			w.commit(v.write(r, By{"ann", "lower"}, cluster.Txn{}))
		})
	}
}

func (x *explorer) steer(v View) {
	rollback := func(v View, by By) (cluster.Txn, error) { return Rollback(v, x.policy, by) }
	for i, move := range []func(View, By) (cluster.Txn, error){Pause, Resume, Abort, Promote, rollback} {
		name := []string{"pause", "resume", "abort", "promote", "rollback"}[i]
		if t, err := move(v, By{"ann", name}); err == nil {
			x.spend("operator: "+name, func(f *faults) *int { return &f.operator }, func(w *world) { w.commit(t) })
		}
	}
}
