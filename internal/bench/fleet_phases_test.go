package bench

import (
	"fmt"
	"slices"
	"time"
)

// put writes a new value of one key and returns it, and when that began.
func (m *fleetMeter) put() (value string, begin time.Time) {
	m.tb.Helper()
	m.written++
	value = fmt.Sprintf("changed-%08d", m.written)
	begin = time.Now()
	m.must(m.backend.put(m.tb.Context(), fleetKeys, m.written%fleetKeys, value))
	return value, begin
}

// await waits until every instance has a value, and returns after how many
// seconds each had it.
func (m *fleetMeter) await(value string, begin time.Time) []float64 {
	m.tb.Helper()
	took, err := m.fleet.await(m.tb.Context(), value, begin)
	m.must(err)
	return took
}

// settleServer is for the queries that a server holds for its own parts: they
// begin when it has a leader, and must not be taken for the fleet's.
const settleServer = 2 * time.Second

// restartAlone measures what a restart costs before there is a fleet: the
// server's own work, and the harness asking whether it is ready.
func (m *fleetMeter) restartAlone() {
	m.tb.Helper()
	m.server.Kill()
	m.server.Start()
	_, _ = m.put()
	m.alone = m.processes()
	t, err := m.read(m.tb.Context())
	m.must(err)
	m.alone.requests = t.requests
	m.must(pause(m.tb.Context(), settleServer))
	m.sampling = m.costOfSampling()
	m.unloaded = m.begin()
	_, open, err := openFiles(m.server.PID())
	m.must(err)
	m.open = open
}

// costOfSampling returns the CPU time that one sample costs the server.
func (m *fleetMeter) costOfSampling() time.Duration {
	m.tb.Helper()
	const samples = 20
	before := m.processes()
	for range samples {
		_, err := m.read(m.tb.Context())
		m.must(err)
	}
	return m.processes().since(before).cpu / samples
}

// start starts all instances at once.
func (m *fleetMeter) start() {
	m.tb.Helper()
	m.say("starting")
	before, begin := m.begin(), time.Now()
	m.fleet = startFleet(m.tb, m.backend, m.plan.instances)
	m.result.start.current = m.await(initialValue(0), begin)
	m.must(m.fleet.complete())
	spent := m.end().since(before)
	m.result.start.requests, m.result.start.cpu = spent.requests, spent.cpu
}

// rest observes the fleet while nothing changes.
func (m *fleetMeter) rest() {
	m.tb.Helper()
	m.say("%s of idling", m.plan.idle)
	m.must(pause(m.tb.Context(), m.plan.between))
	before := m.begin()
	m.must(pause(m.tb.Context(), m.plan.idle))
	after := m.end()
	spent := after.since(before)
	m.result.idleRequests, m.result.idleCPU = spent.requests, spent.cpu
	m.result.held = after.held - m.unloaded.held
	_, open, err := openFiles(m.server.PID())
	m.must(err)
	m.result.connections = open - m.open
}

// change changes one key several times.
func (m *fleetMeter) change() {
	m.tb.Helper()
	m.say("%d changes", m.plan.changes)
	c := &m.result.change
	before := m.begin()
	for range m.plan.changes {
		took := m.await(m.put())
		c.middle = append(c.middle, median(took))
		c.last = append(c.last, slices.Max(took))
		m.must(pause(m.tb.Context(), m.plan.between))
	}
	spent, n := m.end().since(before), time.Duration(m.plan.changes)
	c.requests, c.bytes = float64(spent.requests)/float64(n), float64(spent.bytes)/float64(n)
	c.cpu, c.own = spent.cpu/n, spent.own/n
}

// restart kills the server, starts it again and waits until every instance has
// what was written first.
func (m *fleetMeter) restart(outage time.Duration) fleetRestart {
	m.tb.Helper()
	m.say("restart after %s", outage)
	killed := time.Now()
	m.server.Kill()
	m.must(pause(m.tb.Context(), outage))
	recorder := m.record(m.tb.Context())
	defer recorder.stop()
	m.server.Start()
	ready := time.Now()
	again := fleetRestart{outage: outage, away: ready.Sub(killed), alone: m.alone.cpu}
	again.current = m.await(m.put())
	again.cpu = m.processes().cpu - time.Duration(recorder.taken.Load())*m.sampling
	again.requests = m.end().requests - m.alone.requests
	m.must(pause(m.tb.Context(), m.plan.after))
	line := recorder.stop()
	again.busiest, again.early, again.perSecond = line.busiest(), line.by(ready), line.perSecond(ready)
	return again
}
