package rollouts

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/internal/testserver"
)

func TestFleetComesToTheGoodReleaseWhateverHappens(t *testing.T) {
	if !*full {
		t.Parallel()
	}
	binary, all, first := testserver.Concierge(t), new(faultFigures), firstSeed(t)
	n := 2
	if *full {
		n = *runs
	}
	t.Run("seed", func(t *testing.T) {
		for s := first; s < first+uint64(n); s++ {
			kind := []string{"etcd", "consul"}[s%2]
			if *only != "" && *only != kind {
				continue
			}
			t.Run(fmt.Sprintf("%d-%s", s, kind), func(t *testing.T) {
				t.Parallel()
				all.note(survive(t, kind, binary, s))
			})
		}
	})
	publish(t, "faults", all.markdown())
}

// outcome is what one run with faults showed.
type outcome struct {
	kind   string
	faults map[string]int
	verdict
	took time.Duration // from the last edit, when the faults were over
}

// survive is one run with the faults of a seed.
func survive(t *testing.T, kind, binary string, seed uint64) outcome {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	f := &faults{fleet: newFleet(t, kind, binary, faultPlan(random)), random: random, done: make(map[string]int)}
	began := time.Now()
	f.draw()
	f.run()
	last := f.put("good")
	o := outcome{kind: kind, faults: f.done, took: f.await(last, f.limit())}
	o.verdict = f.check(began)
	t.Logf("%s: %d changes, %d fenced, %d at once, at the end %s", f, o.changes, o.fenced, o.most, short(o.took))
	return o
}

// faultFigures sums runs up. Its methods may be called concurrently.
type faultFigures struct {
	mu  sync.Mutex
	all []outcome // guarded by mu
}

func (f *faultFigures) note(o outcome) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all = append(f.all, o)
}

func (f *faultFigures) markdown() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var b strings.Builder
	b.WriteString("| runs with faults | etcd | consul |\n|---|--:|--:|\n")
	row := func(what string, of func([]outcome) any) {
		fmt.Fprintf(&b, "| %s | %v | %v |\n", what, of(f.of("etcd")), of(f.of("consul")))
	}
	sum := func(of func(outcome) int) func([]outcome) any {
		return func(all []outcome) any {
			n := 0
			for _, o := range all {
				n += of(o)
			}
			return n
		}
	}
	row("runs", sum(func(outcome) int { return 1 }))
	for _, name := range f.names() {
		row(name, sum(func(o outcome) int { return o.faults[name] }))
	}
	row("changes of an instance", sum(func(o outcome) int { return o.changes }))
	row("of them fenced: the slot was taken away amid it", sum(func(o outcome) int { return o.fenced }))
	row("most in change at once, of 3", func(all []outcome) any {
		most := 0
		for _, o := range all {
			most = max(most, o.most)
		}
		return most
	})
	times := func(pick func(median, most time.Duration) time.Duration) func([]outcome) any {
		return func(all []outcome) any {
			var took []time.Duration
			for _, o := range all {
				took = append(took, o.took)
			}
			return short(pick(spread(took)))
		}
	}
	row("from the end of the faults to all on a new good release: median", times(func(median, _ time.Duration) time.Duration { return median }))
	row("the same: longest", times(func(_, most time.Duration) time.Duration { return most }))
	return b.String()
}

func (f *faultFigures) of(kind string) []outcome {
	return slices.DeleteFunc(slices.Clone(f.all), func(o outcome) bool { return o.kind != kind })
}

// names of the faults that there were.
func (f *faultFigures) names() []string {
	names := make(map[string]bool)
	for _, o := range f.all {
		for name := range o.faults {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
