package rollout

import (
	"concierge/cluster"
)

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
