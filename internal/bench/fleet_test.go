package bench

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"concierge/internal/testserver"
)

var (
	fleetSize = flag.Int("instances", 1000, "how many instances the simulated fleet has (make fleet)")
	fleetIdle = flag.Duration("idle", time.Minute, "for how long the simulated fleet is watched while nothing changes")
)

// fleetPlan is how much a simulation of a fleet measures.
type fleetPlan struct {
	instances int
	idle      time.Duration   // observed while nothing changes
	changes   int             // of one key each
	between   time.Duration   // before each change, so that all wait again
	outages   []time.Duration // one restart each: so long the server stays away
	after     time.Duration   // requests are followed so long after a restart
}

// fullFleet is what docs/scale.md is made of. Requests are followed beyond the
// time that Consul holds a query, since what a restart has brought into step
// comes back together.
func fullFleet() fleetPlan {
	return fleetPlan{
		instances: *fleetSize, idle: *fleetIdle, changes: 10, between: time.Second,
		outages: []time.Duration{0, 30 * time.Second}, after: 70 * time.Second,
	}
}

func shortFleet() fleetPlan {
	return fleetPlan{instances: 20, idle: time.Second, changes: 3, between: 100 * time.Millisecond, outages: []time.Duration{0}}
}

// BenchmarkFleet is the whole simulation, made once whatever b.N is. Instances
// are sources in this process, each with connections of its own, so that a
// thousand fit on one machine; the servers are processes of their own.
func BenchmarkFleet(b *testing.B) {
	p := fullFleet()
	checkOpenFiles(b, p)
	results := []fleetResult{
		measureFleet(b, etcdBackend(b), p, os.Stderr),
		measureFleet(b, consulBackend(b, p), p, os.Stderr),
	}
	text := fleetMarkdown(b, p, results)
	fmt.Println(text)
	if !*update {
		return
	}
	if err := placeFor("fleet").update(filepath.Join("..", "..", "docs", "scale.md"), text); err != nil {
		b.Fatal(err)
	}
}

// checkOpenFiles wants room for the connections of all instances, in this
// process and in a server, which inherits the limit. (The Go runtime raises
// the soft limit to the hard one by itself.)
func checkOpenFiles(tb testing.TB, p fleetPlan) {
	tb.Helper()
	limit, err := openFilesLimit()
	if err != nil {
		tb.Fatal(err)
	}
	if need := 3*p.instances + 500; limit < need {
		tb.Fatalf("a process may open %d files, and %d instances may need %d: raise the hard limit (ulimit -Hn) or take fewer (-instances)",
			limit, p.instances, need)
	}
}

func TestFleetOnEtcdIsCurrentAgainAfterARestart(t *testing.T) {
	t.Parallel()
	p := shortFleet()
	r := measureFleet(t, etcdBackend(t), p, t.Output())
	// One stream each; a change is pushed; a restart is one read and one watch.
	r.expect(t, fleetBounds{held: 1.1, idle: 0, change: 0, restart: 4})
}

func TestFleetOnConsulIsCurrentAgainAfterARestart(t *testing.T) {
	t.Parallel()
	p := shortFleet()
	r := measureFleet(t, consulBackend(t, p), p, t.Output())
	// One held query each and, in the first quarter of an hour, one for a
	// witness; a change is one answer and the next question; a restart is a few
	// tries more.
	r.expect(t, fleetBounds{held: 2.1, idle: 1, change: 1.5, restart: 12})
}

// fleetBounds are the most that one instance may ask of a server.
type fleetBounds struct {
	held, idle, change, restart float64
}

// expect checks what the fleet asked for. That every instance had each value
// has been awaited already.
func (r fleetResult) expect(t *testing.T, most fleetBounds) {
	t.Helper()
	t.Log(fleetMarkdown(t, shortFleet(), []fleetResult{r}))
	within := func(what string, requests, most float64) {
		t.Helper()
		if each := requests / float64(r.instances); each > most {
			t.Errorf("%s: %.1f requests for each instance, want %.1f at most", what, each, most)
		}
	}
	within("held at rest", float64(r.held), most.held)
	within("while nothing changes", float64(r.idleRequests), most.idle)
	within("for a change", r.change.requests, most.change)
	for _, again := range r.restarts {
		within("after a restart", float64(again.requests), most.restart)
		if again.requests < int64(r.instances) {
			t.Errorf("after a restart %d instances made %d requests: they are not all counted", r.instances, again.requests)
		}
	}
	if r.held < int64(r.instances)-ownHeld || r.connections < r.instances {
		t.Errorf("%d instances hold %d requests on %d connections: they are not all counted", r.instances, r.held, r.connections)
	}
}

// backend is one real server, and how instances watch it.
type backend struct {
	store
	server  *testserver.Server
	version string
	open    opener
	metrics string           // URL of its own metrics
	tally   func(page) tally // reads them
}
