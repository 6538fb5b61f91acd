package probe

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// State is what is known of an application.
type State int

// The states.
const (
	StateUnknown   State = iota // too few probes yet, or only failures in the grace
	StateHealthy                // well
	StateUnhealthy              // not well
)

// String is the state in lower case.
func (s State) String() string {
	switch s {
	case StateHealthy:
		return "healthy"
	case StateUnhealthy:
		return "unhealthy"
	}
	return "unknown"
}

// Verdict is what a [Monitor] makes of its probes.
type Verdict struct {
	State State
	// Err is the last failure, also one that did not count yet. It is nil when
	// the application is healthy and the last probe succeeded.
	Err         error
	At          time.Time // when the state began; zero if StateUnknown
	Consecutive int       // results in a row like the last one, of those that count
}

// Snapshot is a verdict and how fresh it is.
type Snapshot struct {
	Verdict
	// Probed is when a probe last returned, whatever it said; zero if none did.
	// One that was left behind has not.
	Probed time.Time
	// Failures is how many probes in a row have failed, also in the grace.
	Failures int
}

// firstWithin bounds the time to the first probe.
const firstWithin = time.Second

// Monitor probes an application as long as its process lives.
type Monitor struct {
	attempts attempts
	judge    judge
	interval time.Duration
	log      *slog.Logger

	mu   sync.Mutex
	last Snapshot // guarded by mu
}

// New returns the Monitor of one life of a process. What t.Validate would
// report is raised to the least that is accepted.
func New(p Probe, t Thresholds, log *slog.Logger) *Monitor {
	t = t.valid()
	return &Monitor{
		attempts: attempts{probe: p, timeout: t.Timeout},
		judge:    judge{thresholds: t}, interval: t.Interval, log: log,
	}
}

// Snapshot returns the newest verdict. It may be called concurrently, also
// before Run.
func (m *Monitor) Snapshot() Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.last
}

// Run probes until ctx ends; the grace begins now, and the first probe within
// a second. It calls report for each change of the state, which must not block:
// the next probe waits. It may be called once. When ctx ends it returns at
// once, or as soon as the running probe does, but waits for that no longer
// than two seconds.
func (m *Monitor) Run(ctx context.Context, report func(Verdict)) {
	m.judge.begin(time.Now())
	next := time.NewTimer(rand.N(min(m.interval, firstWithin)))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		begun := time.Now()
		completed, err := m.attempts.next(ctx)
		if ctx.Err() != nil {
			return // what a probe says that was cut short says nothing
		}
		if m.note(completed, err) {
			report(m.Snapshot().Verdict)
		}
		next.Reset(max(around(m.interval)-time.Since(begun), Closest))
	}
}

// note takes the result of a probe. It reports whether the state changed.
func (m *Monitor) note(completed bool, err error) (changed bool) {
	now := time.Now()
	verdict, changed := m.judge.result(now, err)
	if err != nil {
		m.log.Debug("probe failed", "error", err, "state", verdict.State.String(), "consecutive", verdict.Consecutive)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last.Verdict = verdict
	m.last.Failures++
	if err == nil {
		m.last.Failures = 0
	}
	if completed {
		m.last.Probed = now
	}
	return changed
}

// judge makes a verdict of results. One goroutine uses it.
type judge struct {
	thresholds Thresholds
	grace      grace
	row        row
	verdict    Verdict
}

func (j *judge) begin(now time.Time) { j.grace.until = now.Add(j.thresholds.Grace) }

// result takes the result of one probe.
func (j *judge) result(now time.Time, err error) (v Verdict, changed bool) {
	if err != nil {
		j.verdict.Err = err
	}
	if j.grace.ignores(now, err == nil) {
		return j.verdict, false
	}
	n, state := j.row.add(err == nil), j.verdict.State
	switch {
	case err == nil && n >= j.thresholds.Successes:
		state = StateHealthy
	case err != nil && n >= j.thresholds.Failures:
		state = StateUnhealthy
	}
	if changed = state != j.verdict.State; changed {
		j.verdict.State, j.verdict.At = state, now
	}
	if err == nil && state == StateHealthy {
		j.verdict.Err = nil
	}
	j.verdict.Consecutive = n
	return j.verdict, changed
}
