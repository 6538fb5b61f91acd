package rollouts

import (
	"testing"
	"time"

	"concierge/cluster/rollout"
	"concierge/internal/testserver"
)

func TestFleetTakesAGoodEditAndStopsABadOneAtTheCanary(t *testing.T) {
	if !*full {
		t.Parallel()
	}
	binary := testserver.Concierge(t)
	for _, kind := range []string{"etcd", "consul"} {
		t.Run(kind, func(t *testing.T) {
			if !*full {
				t.Parallel()
			}
			f := newFleet(t, kind, binary, largePlan())
			publish(t, kind, f.calm().markdown())
		})
	}
}

// calm makes a good edit and a bad one, without faults.
func (f *fleet) calm() calmFigures {
	f.t.Helper()
	figures := calmFigures{kind: f.store.kind, plan: f.plan}
	began := time.Now()
	kept := f.put("good")
	figures.good = f.await(kept, f.plan.allAtOnce())
	v := f.check(began)
	figures.most, figures.changes = v.most, v.changes
	if v.changes != f.plan.instances {
		f.t.Errorf("%d changes were seen of %d instances", v.changes, f.plan.instances)
	}

	began = time.Now()
	f.put("bad")
	if !until(longest, func() bool { return ended(f.witness.now(), rollout.RolledBack) && f.have(kept) == f.plan.instances }) {
		f.t.Fatalf("the bad edit was not taken back: %s", f.state())
	}
	figures.bad = time.Since(began)
	v = f.check(began)
	figures.tried = v.changes
	if figures.bad > f.plan.bake+5*time.Second {
		f.t.Errorf("the bad edit was taken back after %s, with a bake of %s", figures.bad, f.plan.bake)
	}
	if v.changes != 1 {
		f.t.Errorf("%d instances tried the bad edit, one was to", v.changes)
	}
	return figures
}

// allAtOnce is how long a rollout to all may take, by its own times: two bakes,
// and one round of changes after the other.
func (p plan) allAtOnce() time.Duration {
	rounds := 2 + (p.instances+p.unavailable-1)/p.unavailable
	return 2*p.bake + time.Duration(rounds)*(p.window+4*time.Second)
}
