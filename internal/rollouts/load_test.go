package rollouts

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/cluster/rollout"
)

var (
	crowdSize   = flag.Int("crowd", 1000, "how many instances the simulated fleet has (make rollout-load)")
	crowdSlots  = flag.Int("crowd-slots", 100, "how many of them change at once")
	updateScale = flag.Bool("update-scale", false, "write the figures of the simulated fleet into docs/scale.md (make rollout-load)")
)

// BenchmarkLoad measures what a large fleet asks of its store. Its instances
// are what concierge is made of, in this process, without files and templates,
// each with a connection of its own; a change takes a second.
func BenchmarkLoad(b *testing.B) {
	var results []loadFigures
	for _, kind := range []string{"etcd", "consul"} {
		if *only == "" || *only == kind {
			results = append(results, measureLoad(b, kind, *crowdSize, *crowdSlots, 20*time.Second))
		}
	}
	text := loadMarkdown(results)
	fmt.Println(text)
	if *updateScale {
		replace(b, filepath.Join("..", "..", "docs", "scale.md"), "load", text)
	}
}

// TestLoadOfAFleetIsOfTheOrderOfItsChanges is the short form: it fails when
// instances that only wait ask the store again and again.
func TestLoadOfAFleetIsOfTheOrderOfItsChanges(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"etcd", "consul"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			f := measureLoad(t, kind, 24, 4, 2*time.Second)
			t.Log("\n" + loadMarkdown([]loadFigures{f}))
			if each := float64(f.rollout.requests) / float64(f.instances); each > 150 {
				t.Errorf("a rollout is %.0f requests for each instance", each)
			}
		})
	}
}

// usage is what was asked of a store in a time.
type usage struct {
	took            time.Duration
	requests, bytes int64
	busiest         int64 // requests in the busiest second
	cpu             time.Duration
}

// loadFigures are what a simulated fleet showed.
type loadFigures struct {
	kind             string
	instances, slots int
	start            usage // until the first release is good everywhere
	idle, rollout    usage
}

// measureLoad runs a simulated fleet on a store of its own.
func measureLoad(tb testing.TB, kind string, n, slots int, idle time.Duration) loadFigures {
	tb.Helper()
	m := new(meter)
	server, dial := loadStore(tb, kind, m)
	ctx, cancel := context.WithCancel(context.Background())
	var work sync.WaitGroup
	tb.Cleanup(func() { cancel(); work.Wait() })
	s := &simulation{tb: tb, live: new(live), plan: simulatedPlan(slots)}
	s.live.set("one")
	f := loadFigures{kind: kind, instances: n, slots: slots}
	f.start = m.measure(tb, server, func() {
		for at := range n {
			d := s.newDouble(dial(), fmt.Sprintf("web-%04d", at))
			work.Go(func() { d.run(ctx) })
		}
		s.await(n)
	})
	f.idle = m.measure(tb, server, func() { time.Sleep(idle) })
	f.rollout = m.measure(tb, server, func() {
		s.live.set("two")
		s.await(n)
	})
	return f
}

// simulation is a fleet in this process.
type simulation struct {
	tb   testing.TB
	live *live
	plan rollout.Policy
	all  []*double
}

// await waits until all run what the sources say, and a leader has called it
// good.
func (s *simulation) await(n int) {
	s.tb.Helper()
	want := s.live.id()
	done := func() bool {
		there := 0
		for _, d := range s.all {
			if d.running() == want {
				there++
			}
		}
		return there == n && s.good() == want
	}
	if !until(5*time.Minute+time.Duration(n)*500*time.Millisecond, done) {
		v, err := s.look()
		r := v.Record
		s.tb.Fatalf("not all of %d doubles run the release: rollout %d is %s at stage %d since %s: %s; %d slots, %v",
			n, r.ID, r.State, r.Stage+1, r.Since.Format(time.TimeOnly), r.Reason, len(v.Slots), err)
	}
}

func (s *simulation) look() (rollout.View, error) {
	view, err := s.all[0].store.Read(context.Background(), rollout.Prefix(set))
	if err != nil {
		return rollout.View{}, err
	}
	return rollout.Parse(set, view, cluster.View{})
}

func (s *simulation) good() string {
	v, err := s.look()
	if err != nil || v.Record.State != rollout.Complete {
		return ""
	}
	return v.Good.Release
}

// simulatedPlan is how the simulated fleet is rolled out.
func simulatedPlan(slots int) rollout.Policy {
	return rollout.Policy{
		Stages: []rollout.Stage{{Amount: rollout.Amount{Count: 1}, Bake: 2}}, Bake: 2,
		MaxUnavailable: rollout.Amount{Count: slots},
	}
}

// loadMarkdown prints results beside each other.
func loadMarkdown(results []loadFigures) string {
	var b strings.Builder
	head, rule := "| rollouts", "|---"
	for _, f := range results {
		head += fmt.Sprintf(" | %s: %d instances, %d at once", f.kind, f.instances, f.slots)
		rule += "|--:"
	}
	fmt.Fprintf(&b, "%s |\n%s|\n", head, rule)
	row := func(what string, of func(loadFigures) string) {
		b.WriteString("| " + what)
		for _, f := range results {
			b.WriteString(" | " + of(f))
		}
		b.WriteString(" |\n")
	}
	for _, part := range []struct {
		name string
		of   func(loadFigures) usage
	}{
		{"all start at once, until the first release is good", func(f loadFigures) usage { return f.start }},
		{"at rest", func(f loadFigures) usage { return f.idle }},
		{"a rollout to all", func(f loadFigures) usage { return f.rollout }},
	} {
		row(part.name+": time", func(f loadFigures) string { return short(part.of(f).took) })
		row(part.name+": requests per second", func(f loadFigures) string { return rate(part.of(f).requests, part.of(f).took) })
		row(part.name+": in the busiest second", func(f loadFigures) string { return fmt.Sprint(part.of(f).busiest) })
		row(part.name+": requests for each instance", func(f loadFigures) string {
			return fmt.Sprintf("%.1f", float64(part.of(f).requests)/float64(f.instances))
		})
		row(part.name+": kB per second, both ways", func(f loadFigures) string { return rate(part.of(f).bytes/1000, part.of(f).took) })
		row(part.name+": CPU of the server", func(f loadFigures) string {
			u := part.of(f)
			return fmt.Sprintf("%.1f %%", 100*u.cpu.Seconds()/u.took.Seconds())
		})
	}
	return b.String()
}

func rate(n int64, in time.Duration) string { return fmt.Sprintf("%.0f", float64(n)/in.Seconds()) }

var discard = slog.New(slog.DiscardHandler)
