package rollouts

import (
	"syscall"
	"testing"

	"concierge/internal/testserver"
)

// TestEditAmidAChangeIsNotTakenForThatChange makes an edit while the canary
// still watches the one before: what it says of itself then is about the one
// before.
func TestEditAmidAChangeIsNotTakenForThatChange(t *testing.T) {
	t.Parallel()
	p := largePlan()
	p.instances = 4
	f := newFleet(t, "etcd", testserver.Concierge(t), p)
	first := f.put("good")
	if !until(longest, func() bool { return f.have(first) == 1 }) {
		t.Fatalf("no canary changed; %s", f.state())
	}
	last := f.put("good")
	f.await(last, longest)
	f.check(f.complete)
}

// TestReloadAmidAChangeKeepsTheRolloutGoing has every instance read its
// configuration again while it has a slot.
func TestReloadAmidAChangeKeepsTheRolloutGoing(t *testing.T) {
	t.Parallel()
	p := largePlan()
	p.instances = 4
	f := newFleet(t, "etcd", testserver.Concierge(t), p)
	last := f.put("good")
	asked := make(map[string]bool)
	if !until(longest, func() bool {
		for _, h := range f.witness.now().Slots {
			if !asked[h.Holder] {
				asked[h.Holder] = true
				f.named(h.Holder).signal(syscall.SIGHUP, reloaded)
			}
		}
		return f.settled(last)
	}) {
		t.Fatalf("not all have %q and it is good; %s", last, f.state())
	}
	f.check(f.complete)
}
