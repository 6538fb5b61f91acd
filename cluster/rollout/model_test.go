package rollout

import (
	"flag"
	"sync/atomic"
	"testing"
	"time"
)

var full = flag.Bool("full", false, "explore with more faults at once; some minutes")

// scenario is where a search begins and what may go wrong in it.
type scenario struct {
	name  string
	long  bool // not in the short form
	start func() *world
}

func fleet(h harm, left faults) func() *world {
	return func() *world { return newWorld(h, left, realRules().policy) }
}

func scenarios(more int) []scenario {
	return []scenario{
		{"a good edit, a crash, a new leader", true, fleet(harmless, faults{edit: 1, crash: 1, depose: more})},
		{"a bad edit, a crash", false, fleet(failsAll, faults{edit: 1, crash: 1, depose: more})},
		{"an edit that is bad for one, a new leader", false, fleet(failsOne, faults{edit: 1, depose: 1, crash: more})},
		{"an edit that hurts later, a new leader", true, fleet(sickLater, faults{edit: 1, depose: 1, crash: more})},
		{"an instance is stopped", true, fleet(harmless, faults{edit: 1, stop: 1, depose: more})},
		{"an instance is cut off", true, fleet(harmless, faults{edit: 1, cut: 1, depose: more})},
		{"a bad edit and an instance that is cut off", true, fleet(failsOne, faults{edit: 1, cut: 1, crash: more})},
		{"a bad edit and an instance that is stopped", true, fleet(failsOne, faults{edit: 1, stop: 1, slow: more})},
		{"a change that is too slow", true, fleet(harmless, faults{edit: 1, slow: 1, crash: more})},
		{"two edits", true, fleet(harmless, faults{edit: 2, depose: more})},
		{"a bad edit and another one", false, fleet(failsAll, faults{edit: 2, crash: more})},
		{"operators", true, fleet(harmless, faults{edit: 1, operator: 2, crash: more})},
		{"slots are lowered", true, fleet(harmless, faults{edit: 1, shrink: 1, rotate: 1, stop: more})},
		{"secrets are rotated", true, fleet(harmless, faults{edit: 1, rotate: 2, crash: more})},
		{"half of them fall ill for another reason", true, fleet(harmless, faults{edit: 1, ill: 2, depose: more})},
		{"half of them fall ill, and the edit is bad", true, fleet(failsOne, faults{edit: 1, ill: 2, crash: more})},
		{"the first release", true, func() *world { return emptyWorld(harmless, faults{crash: 1, depose: more}) }},
		{"a bad first release", false, func() *world { return emptyWorld(failsAll, faults{crash: 1, edit: 1}) }},
	}
}

// TestEveryStateOfASmallFleetKeepsTheInvariants is the proof: I1 to I5 of
// docs/rollouts.md in every state that three instances with two slots can reach.
func TestEveryStateOfASmallFleetKeepsTheInvariants(t *testing.T) {
	more := 0
	if *full {
		more = 1
	}
	var states, transitions atomic.Int64
	t.Cleanup(func() { t.Logf("in all: %d states, %d transitions", states.Load(), transitions.Load()) })
	for _, sc := range scenarios(more) {
		if sc.long && !*full {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			s := search{rules: realRules()}
			s.apart = *full
			begun := time.Now()
			if wrong := s.run(sc.start()); wrong != "" {
				t.Fatal(wrong)
			}
			t.Logf("%d states, %d transitions, %d ends, %.1f s", len(s.came), s.count, len(s.ends), time.Since(begun).Seconds())
			states.Add(int64(len(s.came)))
			transitions.Add(int64(s.count))
		})
	}
}
