package rollout

import (
	"flag"
	"slices"
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
	apart bool // the leader looks at the members later than at the rest
}

func fleet(h harm, left faults) func() *world {
	return func() *world { return newWorld(h, left, realRules().policy) }
}

// scenarios in which so many faults more come together.
func scenarios(more int) []scenario {
	return []scenario{
		{"a good edit, a crash, a new leader", false, fleet(harmless, faults{edit: 1, crash: 1, depose: more}), false},
		{"a bad edit, a crash", false, fleet(failsAll, faults{edit: 1, crash: 1, depose: more}), false},
		{"an edit that is bad for one, a new leader", false, fleet(failsOne, faults{edit: 1, depose: 1, crash: more}), false},
		{"an edit that hurts later, a new leader", true, fleet(sickLater, faults{edit: 1, depose: 1}), false},
		{"an instance is stopped", true, fleet(harmless, faults{edit: 1, stop: 1, depose: more}), false},
		{"an instance is cut off", true, fleet(harmless, faults{edit: 1, cut: 1, depose: more}), false},
		{"a bad edit and an instance that is cut off", true, fleet(failsOne, faults{edit: 1, cut: 1, crash: more}), false},
		{"a bad edit and an instance that is stopped", true, fleet(failsOne, faults{edit: 1, stop: 1, slow: more}), false},
		{"a change that is too slow", false, fleet(harmless, faults{edit: 1, slow: 1, crash: more}), false},
		{"two edits", false, fleet(harmless, faults{edit: 2, depose: more}), false},
		{"a bad edit and another one", false, fleet(failsAll, faults{edit: 2, crash: more}), false},
		{"operators", true, fleet(harmless, faults{edit: 1, operator: 2, crash: more}), false},
		{"slots are lowered", false, fleet(harmless, faults{edit: 1, shrink: 1, rotate: 1, stop: more}), false},
		{"secrets are rotated", false, fleet(harmless, faults{edit: 1, rotate: 2, crash: more}), false},
		{"half of them fall ill for another reason", true, fleet(harmless, faults{edit: 1, ill: 2}), false},
		{"half of them fall ill, and the edit is bad", true, fleet(failsOne, faults{edit: 1, ill: 2}), false},
		{"the first release", false, func() *world { return emptyWorld(harmless, faults{crash: 1, depose: more}) }, false},
		{"a bad first release", false, func() *world { return emptyWorld(failsAll, faults{crash: 1, edit: 1}) }, false},
	}
}

// allScenarios are those of the full form: with a fault more in most, and those
// of the short form with looks that are apart.
func allScenarios() []scenario {
	all := scenarios(1)
	for _, sc := range scenarios(0) {
		if !sc.long {
			sc.name, sc.apart = sc.name+", seen later", true
			all = append(all, sc)
		}
	}
	return all
}

// TestEveryStateOfASmallFleetKeepsTheInvariants is the proof: I1 to I5 of
// docs/rollouts.md in every state that three instances with two slots can reach.
func TestEveryStateOfASmallFleetKeepsTheInvariants(t *testing.T) {
	list := slices.DeleteFunc(scenarios(0), func(sc scenario) bool { return sc.long })
	if *full {
		list = allScenarios()
	}
	var states, transitions atomic.Int64
	t.Cleanup(func() { t.Logf("in all: %d states, %d transitions", states.Load(), transitions.Load()) })
	for _, sc := range list {
		t.Run(sc.name, func(t *testing.T) {
			t.Parallel()
			s := search{rules: realRules()}
			s.apart = sc.apart
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
