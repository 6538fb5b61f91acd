package cycle

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"concierge/metrics"
)

// endpoint counts up by one with each reading.
type endpoint struct{ readings float64 }

func (e *endpoint) Collect(_ context.Context, samples []metrics.Sample) ([]metrics.Sample, error) {
	e.readings++
	return append(samples, metrics.Sample{Name: "readings", Value: e.readings}), nil
}

// server is a target whose answers a test decides.
type server struct {
	mu     sync.Mutex
	pushed []float64   // guarded by mu; what was delivered
	beats  []time.Time // guarded by mu
	last   []float64   // guarded by mu; the states of the heartbeats
	exits  []float64   // guarded by mu; the exit statuses in them, -1 for none
	answer func(ctx context.Context) error
}

func (s *server) Push(ctx context.Context, snapshot *metrics.Snapshot) (metrics.Receipt, error) {
	if err := s.answer(ctx); err != nil {
		return metrics.Receipt{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sample := range snapshot.Samples {
		s.pushed = append(s.pushed, sample.Value)
	}
	return metrics.Receipt{Sent: len(snapshot.Samples), Accepted: len(snapshot.Samples)}, nil
}

func (s *server) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pushed)
}

func (s *server) Beat(_ context.Context, snapshot *metrics.Snapshot) (metrics.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.beats = append(s.beats, snapshot.At)
	s.last = append(s.last, snapshot.Samples[0].Value)
	exit := -1.0
	for _, sample := range snapshot.Samples {
		if sample.Name == ExitName {
			exit = sample.Value
		}
	}
	s.exits = append(s.exits, exit)
	return metrics.Receipt{}, nil
}

// counts is an observer that counts what is dropped.
type counts struct {
	mu      sync.Mutex
	dropped int
}

func (*counts) Scraped(string, metrics.Reading)                      {}
func (*counts) Pushed(string, metrics.Receipt, time.Duration, error) {}
func (*counts) Beat(string, error)                                   {}
func (c *counts) Dropped(_ string, n int)                            { c.mu.Lock(); c.dropped += n; c.mu.Unlock() }

func options(s *server, seen *counts, buffer int) Options {
	return Options{
		Host: "box", Interval: 10 * time.Second, Heartbeat: 10 * time.Second, Log: slog.New(slog.DiscardHandler), Observer: seen,
		Sources: []Source{{Name: "app", Collector: new(endpoint), Timeout: time.Second}},
		Sinks:   []Sink{{Name: "zbx", Target: s, Timeout: time.Minute, Buffer: buffer}},
		Life:    func() Life { return Life{Alive: true, Exit: -1} },
	}
}

func TestWhatWaitedIsDeliveredInOrderAndTheOldestIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		away := true
		var mu sync.Mutex
		s := &server{answer: func(context.Context) error {
			mu.Lock()
			defer mu.Unlock()
			if away {
				return errors.New("connection refused")
			}
			return nil
		}}
		seen := new(counts)
		e := Start(options(s, seen, 3))
		time.Sleep(55 * time.Second) // six cycles
		mu.Lock()
		away = false
		mu.Unlock()
		time.Sleep(10 * time.Second)
		e.Close(time.Second, Life{Exit: 0})
		if want := []float64{5, 6, 7}; !slices.Equal(s.pushed, want) || seen.dropped != 4 {
			t.Errorf("delivered %v, want %v; %d were dropped", s.pushed, want, seen.dropped)
		}
	})
}

func TestDroppingIsSaidOnceATurnAndCountedEachTime(t *testing.T) {
	for name, buffer := range map[string]int{"full": 2, "smaller than a cycle": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var away atomic.Bool
				s := &server{answer: func(context.Context) error {
					if away.Load() {
						return errors.New("connection refused")
					}
					return nil
				}}
				var log strings.Builder
				seen := new(counts)
				o := options(s, seen, buffer)
				o.Log = slog.New(slog.NewTextHandler(&log, nil))
				e := Start(o)
				time.Sleep(5 * time.Second)
				for _, gone := range []bool{true, false, true, false} {
					away.Store(gone)
					time.Sleep(time.Minute)
				}
				e.Close(time.Second, Life{Exit: 0})
				if n := strings.Count(log.String(), "from now on the oldest are dropped"); n != 2 {
					t.Errorf("the beginning was said %d times, want twice:\n%s", n, &log)
				}
				if n := strings.Count(log.String(), "no longer dropped"); n != 2 {
					t.Errorf("the end was said %d times, want twice:\n%s", n, &log)
				}
				if kept := max(1, buffer); seen.dropped != 2*(7-kept) { // there are six cycles of it, and the next is offered before it is over
					t.Errorf("%d were dropped, want %d", seen.dropped, 2*(7-kept))
				}
				if s.count()+seen.dropped != 25 {
					t.Errorf("of 25 values %d were delivered and %d dropped", s.count(), seen.dropped)
				}
			})
		})
	}
}

func TestWhatIsOnItsWayIsNotDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(context.Context) error { time.Sleep(14 * time.Second); return nil }}
		seen := new(counts)
		e := Start(options(s, seen, 0))
		time.Sleep(65 * time.Second) // the fifth cycle comes while the third is delivered and the fourth waits
		e.Stop()
		if want := []float64{1, 2, 3, 5, 6}; !slices.Equal(s.pushed, want) || seen.dropped != 1 {
			t.Errorf("delivered %v, want %v; %d were dropped", s.pushed, want, seen.dropped)
		}
	})
}

func TestHeartbeatIsOnTimeWhileAPushHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }}
		e := Start(options(s, new(counts), 100))
		began := time.Now()
		time.Sleep(65 * time.Second)
		e.Close(3*time.Second, Life{Exit: 7})
		for i, at := range s.beats[:7] {
			if late := at.Sub(began) - time.Duration(i)*10*time.Second; late < 0 || late > 200*time.Millisecond {
				t.Errorf("heartbeat %d is off by %s", i, late)
			}
		}
		if n := len(s.last); n != 8 || s.last[n-1] != 0 || s.last[n-2] != 1 {
			t.Errorf("heartbeats said %v, want ones and a last word", s.last)
		}
	})
}

func TestPushOnDemandAnswersWithItsVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(ctx context.Context) error
		want   int64
	}{
		"taken":   {func(context.Context) error { time.Sleep(40 * time.Millisecond); return nil }, 40},
		"failed":  {func(context.Context) error { return errors.New("refused") }, 0},
		"timeout": {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := options(&server{answer: c.answer}, new(counts), 100)
				o.Interval, o.Sinks[0].Timeout = time.Hour, time.Second
				e := Start(o)
				time.Sleep(5 * time.Second) // the first cycle is over
				outcomes, err := e.Now(t.Context())
				if err != nil || len(outcomes) != 1 || outcomes[0].Elapsed != c.want {
					t.Errorf("%+v, %v; want %d", outcomes, err, c.want)
				}
				e.Close(time.Second, Life{})
			})
		})
	}
}

// learner needs time for what is new.
type learner struct {
	*server
	until time.Time
}

func (l *learner) Learning() time.Time { return l.until }

func TestServerThatHasLearnedGetsACycleOutOfTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(context.Context) error { return nil }}
		o := options(s, new(counts), 100)
		o.Interval, o.Sinks[0].Target = time.Hour, &learner{s, time.Now().Add(90 * time.Second)}
		e := Start(o)
		time.Sleep(89 * time.Second)
		before := s.count()
		time.Sleep(10 * time.Minute)
		e.Stop()
		if before != 1 || s.count() != 2 {
			t.Errorf("%d pushes before and %d after the time to learn, want 1 and 2", before, s.count())
		}
	})
}

func TestEndOfTheProcessIsToldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(context.Context) error { return nil }}
		o := options(s, new(counts), 100)
		var ended atomic.Bool
		o.Life = func() Life { return Life{Alive: !ended.Load(), Exit: 3} }
		e := Start(o)
		time.Sleep(12 * time.Second)
		ended.Store(true)
		e.Beat()
		synctest.Wait()
		e.Stop()
		if n := len(s.last); n != 3 || s.last[2] != 0 {
			t.Errorf("heartbeats said %v, want 1, 1, 0", s.last)
		}
	})
}

func TestExitStatusIsToldOnlyWhileTheProcessIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(context.Context) error { return nil }}
		o := options(s, new(counts), 100)
		var alive atomic.Bool
		o.Life = func() Life { return Life{Alive: alive.Load(), Exit: 7} } // it crashed once
		e := Start(o)
		time.Sleep(5 * time.Second)
		alive.Store(true)
		time.Sleep(10 * time.Second)
		e.Close(time.Second, Life{Exit: 9})
		if want := []float64{7, -1, 9}; !slices.Equal(s.exits, want) {
			t.Errorf("the exit statuses were %v, want %v", s.exits, want)
		}
	})
}

func TestRulesOfOneTargetChangeNothingForAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ok := func(context.Context) error { return nil }
		one, other := &server{answer: ok}, &server{answer: ok}
		o := options(one, new(counts), 100)
		o.Sinks = append(o.Sinks, o.Sinks[0])
		o.Sinks[0].Refine = func(samples []metrics.Sample) []metrics.Sample {
			samples[0].Value = 42
			return samples
		}
		o.Sinks[1].Target = other
		e := Start(o)
		time.Sleep(time.Second)
		e.Stop()
		if !slices.Equal(one.pushed, []float64{42}) || !slices.Equal(other.pushed, []float64{1}) {
			t.Errorf("got %v and %v, want 42 and 1", one.pushed, other.pushed)
		}
	})
}
