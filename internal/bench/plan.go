package bench

import (
	"iter"
	"time"
)

// plan is how much a run measures.
type plan struct {
	sizes     []int // numbers of keys; the largest is measured as a tree too
	sparse    int   // keys wanted, of ten times as many
	templates int   // with one key each
	secrets   []int // numbers of secrets

	starts           int           // runs of what is all start-up
	minOnce, maxOnce int           // one-shot runs of each contender
	onceBudget       time.Duration // beyond minOnce, runs begin only within it

	rounds                 int           // daemons started
	minChanges, maxChanges int           // changes made under each
	changesBudget          time.Duration // beyond minChanges, changes begin only within it

	settle time.Duration // before the idle time, for late connections and garbage
	idle   time.Duration // idle time under observation

	bars bool // the figures are judged
}

// fullPlan is what docs/performance.md is made of. Its idle time holds one or
// two of the blocking queries on Consul that end without a change, about one a
// minute with either contender.
func fullPlan() plan {
	return plan{
		sizes: []int{1, 100, 10_000}, sparse: 10_000, templates: 3_000, secrets: []int{1, 100},
		starts: 40, minOnce: 10, maxOnce: 25, onceBudget: 20 * time.Second,
		rounds: 10, minChanges: 5, maxChanges: 30, changesBudget: 3 * time.Second,
		settle: 5 * time.Second, idle: 2 * time.Minute,
		bars: true,
	}
}

// shortPlan ends within a minute, on CI. Its figures are for a look, not for
// the record.
func shortPlan() plan {
	return plan{
		sizes: []int{1, 100, 1_000}, sparse: 1_500, templates: 200, secrets: []int{1, 20},
		starts: 3, minOnce: 2, maxOnce: 3, onceBudget: time.Second,
		rounds: 1, minChanges: 3, maxChanges: 10, changesBudget: time.Second,
		settle: time.Second, idle: 4 * time.Second,
	}
}

// largest is the largest number of keys.
func (p plan) largest() int { return p.sizes[len(p.sizes)-1] }

// scenarios are those of one store.
func (p plan) scenarios(store string) []scenario {
	var all []scenario
	add := func(f form, keys ...int) {
		for _, n := range keys {
			all = append(all, scenario{store: store, keys: n, form: f})
		}
	}
	if store == "Vault" {
		add(secretCalls, p.secrets...)
		return all
	}
	add(keyCalls, p.sizes...)
	add(oneTree, p.largest())
	if store != "file" {
		add(oneInTen, p.sparse)
	}
	if store == "Consul" {
		add(ownTemplates, p.templates)
		add(withChild, 1)
		add(variables, p.sizes[len(p.sizes)/2])
	}
	return all
}

// that returns the scenarios of a store whose form has a property.
func (p plan) that(store string, has func(form) bool) []scenario {
	var some []scenario
	for _, s := range p.scenarios(store) {
		if has(s.form) {
			some = append(some, s)
		}
	}
	return some
}

// changes are those made under one daemon.
func (p plan) changes() iter.Seq[int] { return within(p.minChanges, p.maxChanges, p.changesBudget) }

// shots are the one-shot runs of one scenario.
func (p plan) shots() iter.Seq[int] { return within(p.minOnce, p.maxOnce, p.onceBudget) }

// within counts from 0 to least, and on to most while the time lasts.
func within(least, most int, budget time.Duration) iter.Seq[int] {
	return func(yield func(int) bool) {
		began := time.Now()
		for n := 0; n < least || n < most && time.Since(began) < budget; n++ {
			if !yield(n) {
				return
			}
		}
	}
}
