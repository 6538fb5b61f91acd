package rollout

import (
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/cluster"
)

// without drops the conditions on a key.
func without(t *cluster.Txn, part string) *cluster.Txn {
	if t == nil {
		return nil
	}
	c := *t
	c.If = slices.DeleteFunc(slices.Clone(t.If), func(c cluster.Condition) bool { return strings.Contains(c.Key, part) })
	return &c
}

// broken is a protocol without one of its safeguards.
type broken struct {
	name, invariant string
	start           func() *world
	harm            func(*rules)
}

func brokenInstances() []broken {
	return []broken{
		{"a slot is taken without the version of the record", "I1", fleet(harmless, faults{edit: 1, operator: 1}), func(r *rules) {
			r.acquire = func(v View, me Instance, release string, pick int) *cluster.Txn {
				return without(realRules().acquire(v, me, release, pick), "/record")
			}
		}},
		{"a slot is taken by an instance that the others do not see", "I1", fleet(harmless, faults{edit: 1, stop: 1}), func(r *rules) {
			r.acquire = func(v View, me Instance, release string, pick int) *cluster.Txn {
				return without(realRules().acquire(v, me, release, pick), "inst/")
			}
		}},
		{"a slot is given back without the fence", "I1", fleet(harmless, faults{edit: 1, stop: 1}), func(r *rules) {
			r.finish = func(v View, me Instance, slot Held, verdict Verdict) cluster.Txn {
				t := Finish(v, me, slot, verdict)
				return *without(&t, "/slot/")
			}
		}},
		{"a failure is not counted", "I", fleet(failsAll, faults{edit: 1}), func(r *rules) {
			r.finish = func(v View, me Instance, slot Held, verdict Verdict) cluster.Txn {
				verdict.Result = Skipped
				return Finish(v, me, slot, verdict)
			}
		}},
	}
}

func brokenLeaders() []broken {
	return []broken{
		{"a slot is reclaimed at once", "I1", fleet(harmless, faults{edit: 1, cut: 1}), func(r *rules) { r.policy.Grace = -1 }},
		{"the leader forgets the version of the record", "I4", fleet(harmless, faults{edit: 1, operator: 1}), leaderWithout("/record")},
		{"the leader forgets its term", "I4", fleet(harmless, faults{edit: 1, depose: 1}), leaderWithout(leadKey)},
		{"a return ends while a slot is held", "I3", fleet(harmless, faults{edit: 2}), func(r *rules) {
			r.next = func(v View, l Lead, m Memory, now time.Duration) Decision {
				if v.Record.State == RollingBack {
					v.Slots = nil
				}
				return Next(v, l, m, now)
			}
		}},
		{"a slot of a dead holder is never reclaimed", "I5", fleet(failsAll, faults{edit: 1, crash: 1}), func(r *rules) { r.policy.Grace = 1 << 62 }},
	}
}

// TestModelCatchesABrokenProtocol: a proof that cannot fail proves nothing, so
// each safeguard is taken away in turn, and the search has to find the harm.
func TestModelCatchesABrokenProtocol(t *testing.T) {
	for _, c := range slices.Concat(brokenInstances(), brokenLeaders()) {
		t.Run(c.name, func(t *testing.T) {
			s := search{rules: realRules()}
			c.harm(&s.rules)
			wrong := s.run(c.start())
			if !strings.HasPrefix(wrong, c.invariant) {
				t.Fatalf("the search found %q; it should have found that %s is broken", wrong, c.invariant)
			}
			t.Logf("%d states, then: %s", len(s.came), wrong)
		})
	}
}

func leaderWithout(part string) func(*rules) {
	return func(r *rules) {
		r.next = func(v View, l Lead, m Memory, now time.Duration) Decision {
			d := Next(v, l, m, now)
			d.Txn = without(d.Txn, part)
			return d
		}
	}
}
