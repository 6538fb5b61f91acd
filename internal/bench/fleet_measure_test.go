package bench

import (
	"concierge/internal/testserver"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"
)

// fleetResult is what a fleet asked of one server.
type fleetResult struct {
	store, version string
	instances      int
	connections    int   // at the server
	held           int64 // requests that wait at rest
	start          fleetStart
	idle           time.Duration // under observation
	idleRequests   int64
	idleCPU        time.Duration // of the server
	change         fleetChange
	restarts       []fleetRestart
}

// fleetStart is what it costs that all instances start at once.
type fleetStart struct {
	requests int64
	current  []float64 // seconds until each instance had all values
	cpu      time.Duration
}

// fleetChange is what one change costs, in the mean of all.
type fleetChange struct {
	requests, bytes float64
	cpu, own        time.Duration // of the server, and of all instances
	middle, last    []float64     // seconds until half of the instances and all had it, of each change
}

// fleetRestart is what happened when the server was killed and started again.
type fleetRestart struct {
	outage    time.Duration // as planned, from the kill to the start
	away      time.Duration // from the kill until it took a write
	current   []float64     // seconds from then until each instance had that write
	requests  int64         // until then, since the start
	cpu       time.Duration // likewise, less what the sampling costs
	alone     time.Duration // CPU time of a start without a fleet
	busiest   int64         // most requests in one second
	early     int64         // requests before it took a write
	perSecond []int64       // requests, from the moment it took a write
}

// measureFleet simulates a fleet on one server.
func measureFleet(tb testing.TB, b backend, p fleetPlan, progress io.Writer) fleetResult {
	tb.Helper()
	m := &fleetMeter{tb: tb, backend: b, plan: p, progress: progress}
	m.result = fleetResult{store: b.name(), version: b.version, instances: p.instances, idle: p.idle}
	m.must(b.fill(tb.Context(), fleetKeys))
	m.restartAlone()
	m.start()
	m.rest()
	m.change()
	for _, outage := range p.outages {
		m.result.restarts = append(m.result.restarts, m.restart(outage))
	}
	return m.result
}

// fleetMeter measures a fleet, one thing after the other.
type fleetMeter struct {
	backend
	tb       testing.TB
	plan     fleetPlan
	progress io.Writer
	fleet    fleet
	result   fleetResult
	unloaded reading       // of the server before the fleet started
	alone    reading       // of the server after a restart without a fleet
	sampling time.Duration // of the server's CPU, for one sample
	open     int           // connections without a fleet
	written  int           // changes made so far, so that every value is new
}

// reading is the state of all counters at one time.
type reading struct {
	tally
	cpu, own time.Duration // of the server, and of this process with all instances
	bytes    int64         // that this process has read and written
}

func (r reading) since(before reading) reading {
	return reading{
		tally{r.requests - before.requests, r.held - before.held},
		r.cpu - before.cpu, r.own - before.own, r.bytes - before.bytes,
	}
}

func (m *fleetMeter) must(err error) {
	m.tb.Helper()
	if err != nil {
		m.tb.Fatalf("fleet on %s: %v", m.name(), err)
	}
}

func (m *fleetMeter) say(format string, args ...any) {
	_, _ = fmt.Fprintf(m.progress, "fleet of %d on %s: "+format+"\n", append([]any{m.plan.instances, m.name()}, args...)...)
}

// processes reads the counters that the kernel keeps.
func (m *fleetMeter) processes() (r reading) {
	m.tb.Helper()
	var errs [3]error
	r.cpu, errs[0] = testserver.CPUTime(m.server.PID())
	r.own, errs[1] = testserver.CPUTime(os.Getpid())
	r.bytes, errs[2] = transferred()
	m.must(errors.Join(errs[:]...))
	return r
}

// begin reads all counters; what it costs itself comes before.
func (m *fleetMeter) begin() reading {
	m.tb.Helper()
	t, err := m.read(m.tb.Context())
	m.must(err)
	r := m.processes()
	r.tally = t
	return r
}

// ownHeld is by how much the queries that Consul holds for its own parts change.
const ownHeld = 2

// end reads all counters once every instance holds its requests again; what
// that costs itself comes after.
func (m *fleetMeter) end() reading {
	m.tb.Helper()
	r := m.processes()
	ctx, cancel := context.WithTimeout(m.tb.Context(), fleetPatience)
	defer cancel()
	for {
		t, err := m.read(ctx)
		if err == nil && t.held-m.unloaded.held >= int64(m.plan.instances)-ownHeld {
			r.tally = t
			return r
		}
		if pause(ctx, sampleEvery) != nil {
			m.tb.Fatalf("fleet on %s: %d of %d instances hold a request: %v", m.name(), t.held-m.unloaded.held, m.plan.instances, err)
		}
	}
}
