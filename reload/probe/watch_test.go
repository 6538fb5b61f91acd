package probe

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// watched is Watch and how long it took.
func watched(t *testing.T, p Probe, th Thresholds, window time.Duration, grace bool, gone <-chan struct{}) (took time.Duration, err error) {
	t.Helper()
	begun := time.Now()
	err = Watch(t.Context(), p, th, window, grace, gone)
	return time.Since(begun), err
}

func TestHealthyWhenTheWindowIsOverAndTheLastProbesSucceeded(t *testing.T) {
	for name, c := range map[string]struct {
		say       func(int) error
		successes int
		most      time.Duration // from the start to the decision; least is the window
	}{
		"healthy throughout":                      {always(nil), 1, 12*time.Second + Closest},
		"two failures at once":                    {sickIn(1, 2), 1, 12*time.Second + Closest},
		"failures with pauses":                    {sickIn(1, 2, 4, 5), 1, 12*time.Second + Closest},
		"the last probe of the window fails":      {sickIn(7), 1, 15 * time.Second},
		"two at the end fail, the third does not": {sickIn(7, 8), 1, 17 * time.Second},
		"more successes needed than the window has": {
			always(nil), 10, 20 * time.Second},
		"many more successes needed": {always(nil), 40, 90 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			th := usual()
			th.Successes = c.successes
			p := &plan{say: c.say}
			took, err := watched(t, p, th, 12*time.Second, false, nil)
			if err != nil || took < 12*time.Second || took > c.most {
				t.Errorf("%s: %v after %s and %d probes, want healthy within %s", name, err, took, len(p.begun), c.most)
			}
		})
	}
}

func TestUnhealthyAsSoonAsEnoughProbesFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Twice three probes go into 12s: one each 2s.
		took, err := watched(t, &plan{say: always(errSick)}, usual(), 12*time.Second, false, nil)
		bad, ok := errors.AsType[*Unhealthy](err)
		if !ok || bad.Probes != 3 || bad.After != took || !errors.Is(err, errSick) || took < 3600*time.Millisecond || took > 4400*time.Millisecond {
			t.Errorf("%v after %s, want unhealthy after 3 probes and about 4s", err, took)
		}
	})
}

func TestUnhealthyInTheMiddleOfTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, err := watched(t, &plan{say: sickIn(3, 4, 5)}, usual(), 12*time.Second, false, nil)
		if bad, ok := errors.AsType[*Unhealthy](err); !ok || bad.Probes != 5 || took > 9*time.Second {
			t.Errorf("%v after %s, want unhealthy with the fifth probe", err, took)
		}
	})
}

func TestUndecidedIsUnhealthyInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := usual()
		th.Successes = 2
		flapping := &plan{say: func(n int) error {
			if n%2 == 0 {
				return errSick
			}
			return nil
		}}
		// 3*(10s+5s) after the window, and at most one probe more.
		took, err := watched(t, flapping, th, 12*time.Second, false, nil)
		if !errors.Is(err, errSick) || took < 57*time.Second || took > 60*time.Second {
			t.Errorf("%v after %s, want unhealthy after 57s", err, took)
		}
	})
}

func TestProbesOfAWatchKeepTheirDistance(t *testing.T) {
	for _, c := range []struct{ interval, window, least, most time.Duration }{
		{10 * time.Second, 12 * time.Second, 1800 * time.Millisecond, 2200 * time.Millisecond}, // window / (2*3)
		{time.Second, time.Minute, 900 * time.Millisecond, 1100 * time.Millisecond},            // the interval
		{10 * time.Second, 120 * time.Millisecond, Closest, 55 * time.Millisecond},             // the least
	} {
		synctest.Test(t, func(t *testing.T) {
			th, p := usual(), &plan{say: always(nil)}
			th.Interval = c.interval
			begun := time.Now()
			took, err := watched(t, p, th, c.window, false, nil)
			if err != nil || took < c.window || !p.begun[0].Equal(begun) || len(p.begun) < 3 {
				t.Fatalf("%v after %s and %d probes", err, took, len(p.begun))
			}
			for i := range p.begun[1:] {
				d, last := p.begun[i+1].Sub(p.begun[i]), i == len(p.begun)-2
				if d > c.most || d < Closest || d < c.least && !last {
					t.Errorf("window %s: %s before probe %d of %d, want %s to %s", c.window, d, i+2, len(p.begun), c.least, c.most)
				}
			}
			if end := p.begun[len(p.begun)-1].Sub(begun); end < c.window {
				t.Errorf("last probe after %s: none at the end of the window", end)
			}
		})
	}
}

func TestWindowOfAStartedProcessBeginsWithItsFirstSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &plan{say: sickIn(1, 2, 3, 4, 5, 6, 7)}
		took, err := watched(t, p, DefaultThresholds(), 12*time.Second, true, nil)
		if first := p.begun[7].Sub(p.begun[0]); err != nil || took < first+12*time.Second || took > first+15*time.Second {
			t.Errorf("%v after %s, the first success was after %s", err, took, first)
		}
	})
}

func TestGraceEndsWithTheFirstSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := DefaultThresholds()
		th.Grace = time.Hour
		_, err := watched(t, &plan{say: sickIn(1, 2, 3, 4, 6, 7, 8)}, th, 12*time.Second, true, nil)
		if bad, ok := errors.AsType[*Unhealthy](err); !ok || bad.Probes != 8 {
			t.Errorf("%v, want unhealthy with the eighth probe", err)
		}
	})
}

func TestProcessThatNeverGetsWellIsUnhealthyAfterItsGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		took, err := watched(t, &plan{say: always(errSick)}, DefaultThresholds(), 12*time.Second, true, nil)
		if !errors.Is(err, errSick) || took < 30*time.Second || took > 38*time.Second {
			t.Errorf("%v after %s, want unhealthy some probes after 30s", err, took)
		}
	})
}

func TestReloadHasNoGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		th := DefaultThresholds()
		th.Grace = time.Hour
		took, err := watched(t, &plan{say: always(errSick)}, th, 12*time.Second, false, nil)
		if !errors.Is(err, errSick) || took > 5*time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}

func TestEndOfTheProcessIsUnhealthyAtOnce(t *testing.T) {
	for name, p := range map[string]Probe{
		"healthy": &plan{say: always(nil)}, "in its grace": &plan{say: always(errSick)},
	} {
		synctest.Test(t, func(t *testing.T) {
			gone := make(chan struct{})
			time.AfterFunc(5*time.Second, func() { close(gone) })
			took, err := watched(t, p, DefaultThresholds(), 12*time.Second, true, gone)
			bad, ok := errors.AsType[*Unhealthy](err)
			if !ok || !errors.Is(err, ErrGone) || bad.After != took || took != 5*time.Second {
				t.Errorf("%s: %v after %s, want unhealthy after 5s because it ended", name, err, took)
			}
		})
	}
}

func TestProcessThatHasEndedIsNotProbed(t *testing.T) {
	gone := make(chan struct{})
	close(gone)
	if err := Watch(t.Context(), &plan{say: always(nil)}, usual(), 0, false, gone); !errors.Is(err, ErrGone) {
		t.Errorf("got %v", err)
	}
}

func TestHungProbeIsOneFailureAfterTheOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &stuck{let: make(chan struct{})}
		defer close(p.let)
		took, err := watched(t, p, usual(), 12*time.Second, false, nil)
		// 5s of timeout and 2s of patience, and two more periods of 2s.
		if _, ok := errors.AsType[*Unhealthy](err); !ok || p.calls.Load() != 1 || took > 12*time.Second {
			t.Errorf("%v after %s and %d probes", err, took, p.calls.Load())
		}
	})
}

func TestEndOfTheProcessFreesAWatchWithAHungProbe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, gone := &stuck{let: make(chan struct{})}, make(chan struct{})
		defer close(p.let)
		time.AfterFunc(time.Second, func() { close(gone) })
		th := usual()
		th.Timeout = time.Hour
		if took, err := watched(t, p, th, 12*time.Second, false, gone); !errors.Is(err, ErrGone) || took != time.Second+patience {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// dying is a probe in the middle of which something ends that it depends on.
type dying struct {
	end  func()
	says error
}

func (d dying) Probe(context.Context) error {
	d.end()
	return d.says
}

// What a probe says at that moment would decide: it must not.
func TestEndInTheMiddleOfTheDecidingProbe(t *testing.T) {
	for _, says := range []error{nil, errSick} {
		th := usual()
		th.Failures = 1
		gone := make(chan struct{})
		err := Watch(t.Context(), dying{func() { close(gone) }, says}, th, 0, false, gone)
		if !errors.Is(err, ErrGone) {
			t.Errorf("the process ended, the probe said %v: %v", says, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := Watch(ctx, dying{cancel, says}, th, 0, false, nil); err != context.Canceled {
			t.Errorf("the context ended, the probe said %v: %v", says, err)
		}
	}
}

func TestWatchEndsWithItsContext(t *testing.T) {
	for name, p := range map[string]Probe{
		"between probes": &plan{say: always(nil)}, "with failures": &plan{say: sickIn(1, 2)}, "in a probe": &slow{takes: time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
			defer cancel()
			begun := time.Now()
			err := Watch(ctx, p, usual(), 12*time.Second, false, nil)
			if !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) > 3500*time.Millisecond {
				t.Errorf("%s: %v after %s, want the end of the context", name, err, time.Since(begun))
			}
			if _, ok := errors.AsType[*Unhealthy](err); ok {
				t.Errorf("%s: an interrupted look is no verdict: %v", name, err)
			}
			synctest.Wait()
		})
	}
}

func TestWindowOfZeroIsOneLook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &plan{say: always(nil)}
		if took, err := watched(t, p, usual(), 0, false, nil); err != nil || took != 0 || len(p.begun) != 1 {
			t.Errorf("%v after %s and %d probes", err, took, len(p.begun))
		}
	})
}

func TestUnhealthyIsOneLine(t *testing.T) {
	for want, e := range map[string]*Unhealthy{
		"unhealthy after 3 probes and 1.235s: sick":         {errSick, 3, 1234567 * time.Microsecond},
		"unhealthy after 1 probe and 0s: the process ended": {ErrGone, 1, 0},
	} {
		if e.Error() != want {
			t.Errorf("got %q, want %q", e, want)
		}
	}
}
