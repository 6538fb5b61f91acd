package rollout

import (
	"fmt"
	"slices"
)

// broken says which invariants of docs/rollouts.md a step breaks.
func (x *explorer) broken(name string, to *world) []string {
	before, v := x.from.look(), to.look()
	var wrong []string
	says := func(bad bool, format string, args ...any) {
		if bad {
			wrong = append(wrong, fmt.Sprintf(format, args...))
		}
	}
	r := v.Record
	sound := x.from.boss.sound
	if name == arrives {
		sound = x.from.strong
	}
	fresh := slices.DeleteFunc(slices.Clone(v.Slots), func(s Held) bool { return slices.Contains(before.Slots, s) })
	says(len(fresh) > 0 && len(v.Slots) > r.Slots[""], "I1: %d slots are held, and there are %d", len(v.Slots), r.Slots[""])
	for _, a := range to.actors {
		says(!to.covered(a, v), "I1: %s changes without a slot", a.id)
	}
	for _, s := range fresh {
		says(!v.alive(s.Holder, s.Incarnation), "I1: %s takes a slot, and the others do not see it", s.Holder)
		says(s.Trial && r.State != Rolling, "I1: a change to %s begins while the rollout is %s", s.Release, r.State)
	}
	completes := r.State == Complete && (before.Record.State != Complete || before.Record.ID != r.ID)
	says(completes && !sound, "I2: %s is called good, and not everybody runs it", r.To)
	says(v.Good.Release == "B" && to.harm == failsAll, "I2: B is called good")
	returned := r.State == RolledBack || r.State == Aborted
	says(returned && before.Record.State == RollingBack && !sound, "I3: not everybody left %s when the return was over", r.To)
	for _, s := range v.Slots {
		says(returned && s.Trial && s.Rollout == r.ID, "I3: %s changes to %s after the return", s.Holder, r.To)
	}
	says(r.State == Rolling && slices.Contains(r.Bad, r.To), "I3: %s was refused and is tried again", r.To)
	says(v.Behind(before.Mark()), "I4: the record goes back from %v to %v", before.Mark(), v.Mark())
	says(v.Version != before.Version && r.Epoch <= before.Record.Epoch, "I4: written without a higher epoch")
	says(name == arrives && x.from.boss.up && v.Version != before.Version, "I4: the decision of a deposed leader was done")
	return wrong
}

// covered says whether an instance in change has its slot, or was fenced.
func (w *world) covered(a actor, v View) bool {
	if a.phase != changing || a.stopped || a.fenced {
		return true
	}
	slot, ok := Mine(v, a.instance())
	return ok && slot.At == a.slot.At
}

// ended says whether the fleet has come to rest: a rollout that is over, or one
// that waits for people, and everybody who is there runs what he should.
func (w *world) ended() bool {
	v := w.look()
	if v.Version == 0 || v.Record.State == Rolling || v.Record.State == RollingBack || len(v.Slots) > 0 {
		return false
	}
	for _, a := range w.actors {
		if !a.stopped && !a.cut && a.phase != down && !w.atRest(a, v) {
			return false
		}
	}
	return true
}

func (w *world) atRest(a actor, v View) bool {
	target, _ := Target(v, a.instance())
	if a.phase == starting {
		return v.failed(a.id, a.incarnation()) // there is nothing that it could run
	}
	return a.phase == idle && (a.running == target || v.Record.State == Paused || w.fails(a, target))
}
