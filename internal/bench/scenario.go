package bench

import (
	"fmt"
	"strings"
	"time"
)

// scenario is one template on one store. It is comparable, and a key of
// results.
type scenario struct {
	store string // name of the store
	keys  int    // keys under the prefix
	tree  bool   // one tree call instead of a key call each
}

// String names the scenario within its store, as a column of a table.
func (s scenario) String() string {
	switch {
	case s.tree:
		return "tree of " + thousands(s.keys)
	case s.keys == 1:
		return "1 key"
	}
	return thousands(s.keys) + " keys"
}

// template is what concierge and consul-template render, which speak the same
// language.
func (s scenario) template() string {
	if s.tree {
		return fmt.Sprintf("{{ range tree %q }}{{ .Key }} = {{ .Value }}\n{{ end }}", prefix(s.keys))
	}
	var b strings.Builder
	for i := range s.keys {
		fmt.Fprintf(&b, "%s = {{ key %q }}\n", name(i), keyPath(s.keys, i))
	}
	return b.String()
}

// prefix is where the keys of all scenarios with n keys are. A change of one
// key there concerns no other scenario.
func prefix(n int) string { return fmt.Sprintf("bench/%d", n) }

func name(i int) string { return fmt.Sprintf("key-%05d", i) }

func keyPath(n, i int) string { return prefix(n) + "/" + name(i) }

// plan is how much a run measures.
type plan struct {
	sizes []int // numbers of keys; the largest is measured as a tree too

	minOnce, maxOnce int           // one-shot runs of each contender
	onceBudget       time.Duration // beyond minOnce, runs begin only within it

	rounds, changes int           // daemons started, and changes made under each
	settle          time.Duration // before the idle time, for late connections and garbage
	idle            time.Duration // idle time under observation
}

// fullPlan is what docs/performance.md is made of. Its idle time holds several
// of the blocking queries on Consul that end without a change, about one a
// minute with either contender.
func fullPlan() plan {
	return plan{
		sizes:   []int{1, 100, 10_000},
		minOnce: 5, maxOnce: 25, onceBudget: 20 * time.Second,
		rounds: 3, changes: 100,
		settle: 2 * time.Second, idle: 5 * time.Minute,
	}
}

// shortPlan ends within a minute, on CI. Its figures are for a look, not for
// the record.
func shortPlan() plan {
	return plan{
		sizes:   []int{1, 100, 1_000},
		minOnce: 3, maxOnce: 5, onceBudget: time.Second,
		rounds: 1, changes: 15,
		settle: 2 * time.Second, idle: 4 * time.Second,
	}
}

// scenarios are those of one store.
func (p plan) scenarios(store string) []scenario {
	var all []scenario
	for _, n := range p.sizes {
		all = append(all, scenario{store: store, keys: n})
	}
	return append(all, scenario{store: store, keys: p.sizes[len(p.sizes)-1], tree: true})
}

// thousands prints a number with commas.
func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
