package probe

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// plan is a probe that says what is planned for its n-th call, from 1.
type plan struct {
	mu    sync.Mutex
	say   func(n int) error
	begun []time.Time // guarded by mu
}

func (p *plan) Probe(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun = append(p.begun, time.Now())
	return p.say(len(p.begun))
}

var errSick = errors.New("sick")

// sickIn is sick in the calls that are listed.
func sickIn(calls ...int) func(int) error {
	return func(n int) error {
		if slices.Contains(calls, n) {
			return fmt.Errorf("call %d: %w", n, errSick)
		}
		return nil
	}
}

func always(err error) func(int) error { return func(int) error { return err } }

// usual are thresholds without grace.
func usual() Thresholds {
	t := DefaultThresholds()
	t.Grace = 0
	return t
}

// monitored runs a Monitor for a while and returns what it reported.
func monitored(t *testing.T, p Probe, th Thresholds, d time.Duration) (*Monitor, []Verdict) {
	t.Helper()
	var reports []Verdict
	m := New(p, th, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	m.Run(ctx, func(v Verdict) { reports = append(reports, v) })
	return m, reports
}

func states(reports []Verdict) []State {
	var all []State
	for _, v := range reports {
		all = append(all, v.State)
	}
	return all
}

func TestOnlyChangesOfTheStateAreReported(t *testing.T) {
	for _, c := range []struct {
		name                string
		say                 func(int) error
		failures, successes int
		want                []State
	}{
		{"healthy throughout", always(nil), 3, 1, []State{StateHealthy}},
		{"unhealthy throughout", always(errSick), 3, 1, []State{StateUnhealthy}},
		{"two failures are not three", sickIn(2, 3, 5, 6, 8), 3, 1, []State{StateHealthy}},
		{"three failures", sickIn(2, 3, 4), 3, 1, []State{StateHealthy, StateUnhealthy, StateHealthy}},
		{"one failure is enough", sickIn(4), 1, 1, []State{StateHealthy, StateUnhealthy, StateHealthy}},
		{"two successes needed", sickIn(1, 3, 5, 8, 10), 1, 2, []State{StateUnhealthy, StateHealthy, StateUnhealthy, StateHealthy}},
	} {
		synctest.Test(t, func(t *testing.T) {
			th := usual()
			th.Failures, th.Successes = c.failures, c.successes
			if _, got := monitored(t, &plan{say: c.say}, th, 3*time.Minute); !slices.Equal(states(got), c.want) {
				t.Errorf("%s: reported %v, want %v", c.name, states(got), c.want)
			}
		})
	}
}

func TestFailuresInTheGraceDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := DefaultThresholds()
		begun := time.Now()
		_, got := monitored(t, &plan{say: always(errSick)}, th, 2*time.Minute)
		if len(got) != 1 || got[0].State != StateUnhealthy || got[0].Consecutive != 3 || !errors.Is(got[0].Err, errSick) {
			t.Fatalf("reported %+v, want unhealthy once, after three failures", got)
		}
		// The third failure after the grace is between 2 and 3 intervals after its end.
		if after := got[0].At.Sub(begun); after < th.Grace+18*time.Second || after > th.Grace+33*time.Second {
			t.Errorf("unhealthy after %s, with a grace of %s", after, th.Grace)
		}
	})
}

func TestFirstSuccessEndsTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := DefaultThresholds()
		th.Grace = time.Hour
		p := &plan{say: func(n int) error {
			if n == 3 {
				return nil
			}
			return errSick
		}}
		if _, got := monitored(t, p, th, 2*time.Minute); !slices.Equal(states(got), []State{StateHealthy, StateUnhealthy}) {
			t.Errorf("reported %v, want healthy at the third probe and unhealthy three later", states(got))
		}
	})
}

func TestStateIsUnknownDuringTheGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, got := monitored(t, &plan{say: always(errSick)}, DefaultThresholds(), 25*time.Second)
		s := m.Snapshot()
		if len(got) != 0 || s.State != StateUnknown || !errors.Is(s.Err, errSick) || s.Consecutive != 0 || !s.At.IsZero() {
			t.Errorf("reported %v, snapshot %+v, want an unknown state and why it is not known", got, s)
		}
		if s.Probed.IsZero() || time.Since(s.Probed) > 12*time.Second {
			t.Errorf("last probe at %v, now it is %v", s.Probed, time.Now())
		}
	})
}

func TestSnapshotHasTheLastFailureUntilAllIsWell(t *testing.T) {
	j := judge{thresholds: Thresholds{Failures: 2, Successes: 2}}
	now := time.Now()
	j.begin(now)
	for i, c := range []struct {
		err   error
		state State
		shown bool // the error
		row   int
	}{
		{nil, StateUnknown, false, 1}, {nil, StateHealthy, false, 2}, {errSick, StateHealthy, true, 1},
		{nil, StateHealthy, false, 1}, {errSick, StateHealthy, true, 1}, {errSick, StateUnhealthy, true, 2},
		{nil, StateUnhealthy, true, 1}, {nil, StateHealthy, false, 2},
	} {
		v, _ := j.result(now, c.err)
		if v.State != c.state || (v.Err != nil) != c.shown || v.Consecutive != c.row {
			t.Errorf("step %d: %+v, want state %s, error %t, %d in a row", i, v, c.state, c.shown, c.row)
		}
	}
}

func TestProbesAreSpreadAndKeepTheirDistance(t *testing.T) {
	firsts := make(map[time.Duration]bool)
	distances := make(map[time.Duration]bool)
	for range 10 {
		synctest.Test(t, func(t *testing.T) {
			begun, p := time.Now(), &plan{say: always(nil)}
			monitored(t, p, usual(), 5*time.Minute)
			if first := p.begun[0].Sub(begun); first >= firstWithin {
				t.Errorf("first probe after %s", first)
			}
			firsts[p.begun[0].Sub(begun)] = true
			for i := range p.begun[1:] {
				d := p.begun[i+1].Sub(p.begun[i])
				if d < 9*time.Second || d > 11*time.Second {
					t.Errorf("%s between two probes, the interval is 10s", d)
				}
				distances[d] = true
			}
			if n := len(p.begun); n < 27 || n > 34 {
				t.Errorf("%d probes in 5 minutes at an interval of 10s", n)
			}
		})
	}
	if len(firsts) < 2 || len(distances) < 2 {
		t.Errorf("%d first phases and %d distances in 10 lives: a fleet would align", len(firsts), len(distances))
	}
}

func TestIntervalIsFromBeginningToBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slow{takes: 4 * time.Second}
		monitored(t, p, usual(), 5*time.Minute)
		defer time.Sleep(p.takes) // it may have been left behind
		if n := p.calls.Load(); n < 27 || n > 34 {
			t.Errorf("%d probes of 4s in 5 minutes at an interval of 10s", n)
		}
	})
}

// slow takes its time for each probe, whatever becomes of its context.
type slow struct {
	takes   time.Duration
	running atomic.Int32
	overlap atomic.Bool
	calls   atomic.Int32
}

func (s *slow) Probe(context.Context) error {
	s.calls.Add(1)
	if s.running.Add(1) > 1 {
		s.overlap.Store(true)
	}
	defer s.running.Add(-1)
	time.Sleep(s.takes)
	return nil
}

func TestProbesNeverOverlap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := usual()
		th.Interval, th.Timeout = time.Second, time.Minute
		p := &slow{takes: 7 * time.Second}
		_, got := monitored(t, p, th, time.Minute)
		defer time.Sleep(p.takes) // it may have been left behind
		if p.overlap.Load() || p.calls.Load() < 7 || !slices.Equal(states(got), []State{StateHealthy}) {
			t.Errorf("%d probes, overlap %t, reported %v", p.calls.Load(), p.overlap.Load(), states(got))
		}
	})
}

func TestSuccessAfterTheTimeoutIsAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &slow{takes: 6 * time.Second} // the timeout is 5s
		m, got := monitored(t, p, usual(), time.Minute)
		defer time.Sleep(p.takes) // it may have been left behind
		if !slices.Equal(states(got), []State{StateUnhealthy}) {
			t.Errorf("reported %v", states(got))
		}
		if want := "not finished after 5s (see its timeout setting)"; m.Snapshot().Err.Error() != want {
			t.Errorf("error %q, want %q", m.Snapshot().Err, want)
		}
	})
}

// stuck is a probe that does not return until it is let go, whatever becomes
// of its context: hung in the kernel.
type stuck struct {
	calls atomic.Int32
	let   chan struct{}
}

func (s *stuck) Probe(context.Context) error {
	s.calls.Add(1)
	<-s.let
	return nil
}

func TestHungProbeDoesNotFreezeTheMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &stuck{let: make(chan struct{})}
		m, done, reports := New(p, usual(), slog.New(slog.DiscardHandler)), make(chan struct{}), make(chan Verdict, 10)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer close(done)
			m.Run(ctx, func(v Verdict) { reports <- v })
		}()
		begun := time.Now()
		if v := <-reports; v.State != StateUnhealthy || time.Since(begun) > 32*time.Second {
			t.Errorf("%s after %s, want unhealthy with the third failure", v.State, time.Since(begun))
		}
		time.Sleep(time.Hour)
		if n, s := p.calls.Load(), m.Snapshot(); n != 1 || !s.Probed.IsZero() || s.Consecutive < 300 {
			t.Errorf("an hour later: %d probes begun, want the one that hangs; snapshot %+v", n, s)
		}
		close(p.let)
		if v := <-reports; v.State != StateHealthy || m.Snapshot().Probed.IsZero() {
			t.Errorf("after it was let go: %s", v.State)
		}
		cancel()
		<-done
	})
}

func TestMonitorEndsThoughItsProbeHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &stuck{let: make(chan struct{})}
		defer close(p.let)
		begun, th := time.Now(), usual()
		th.Failures = 1 // a probe that was cut short is no failure
		_, got := monitored(t, p, th, 3*time.Second)
		if took := time.Since(begun); took != 3*time.Second+patience || len(got) != 0 {
			t.Errorf("ended after %s and reported %v", took, got)
		}
	})
}

func TestZeroThresholdsMakeNoLoopWithoutAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &plan{say: always(nil)}
		monitored(t, p, Thresholds{}, 10*time.Second)
		if n := len(p.begun); n < 150 || n > 201 {
			t.Errorf("%d probes in 10s, want about 200", n)
		}
	})
}

func TestEveryBadThresholdIsReported(t *testing.T) {
	if err := DefaultThresholds().Validate(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	if err := usual().Validate(); err != nil {
		t.Errorf("no grace: %v", err)
	}
	want := `grace is -1s: write 0s for none
interval is 0s: write at least 50ms; to have no health check, leave it out
timeout is 1ms: write at least 50ms; to have no health check, leave it out
failures is 0: write at least 1; to have no health check, leave it out
successes is -1: write at least 1; to have no health check, leave it out`
	if err := (Thresholds{Grace: -time.Second, Timeout: time.Millisecond, Successes: -1}).Validate(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// Real time and a real server that gets sick and well again.
func TestMonitorFollowsARealServer(t *testing.T) {
	var status atomic.Int32
	status.Store(503)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(int(status.Load()))
	}))
	t.Cleanup(server.Close)
	m := New(HTTP{URL: server.URL}, Thresholds{
		Grace: 10 * time.Millisecond, Interval: Closest, Timeout: 10 * time.Second, Failures: 2, Successes: 2,
	}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	var got []State
	m.Run(ctx, func(v Verdict) {
		switch got = append(got, v.State); len(got) {
		case 1:
			status.Store(200)
		case 2:
			status.Store(500)
		case 3:
			cancel()
		}
	})
	if want := []State{StateUnhealthy, StateHealthy, StateUnhealthy}; !slices.Equal(got, want) {
		t.Errorf("reported %v, want %v", got, want)
	}
}
