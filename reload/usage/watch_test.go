package usage

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"
)

// for a test, a limit is exceeded soon
const (
	soon  = 300 * time.Millisecond
	often = 60 * time.Millisecond
)

func TestMemoryRunawayIsNoticed(t *testing.T) {
	pgid := actors(t, "rest", "hold 128")
	begun := time.Now()
	err := Watch(within(t, 30*time.Second), pgid, Limits{Memory: 100 * mib, For: soon, Interval: often})
	e, ok := errors.AsType[*Exceeded](err)
	if !ok || e.What != Memory || e.Value < 128*mib || e.Limit != 100*mib || e.For < soon || time.Since(begun) < soon {
		t.Errorf("got %#v after %s", err, time.Since(begun))
	}
}

func TestProcessorRunawayIsNoticed(t *testing.T) {
	pgid := actors(t, "rest", "spin")
	begun := time.Now()
	// The machine may have other things to do: a twentieth of a processor is plenty.
	err := Watch(within(t, 30*time.Second), pgid, Limits{CPU: 0.05, For: soon, Interval: often})
	e, ok := errors.AsType[*Exceeded](err)
	if !ok || e.What != CPU || e.Value < 0.05 || e.Limit != 0.05 || time.Since(begun) < soon+often {
		t.Errorf("got %#v after %s", err, time.Since(begun))
	}
}

func TestWellBehavedGroupIsLeftAlone(t *testing.T) {
	for name, l := range map[string]Limits{
		"below both":   {Memory: 4096 * mib, CPU: 64, For: often, Interval: often},
		"no limit":     {For: often, Interval: often},
		"not for long": {Memory: mib, CPU: 0.001},
	} {
		pgid := actors(t, "hold 64", "spin")
		if err := Watch(within(t, time.Second), pgid, l); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSharedMemoryIsNoRunaway(t *testing.T) {
	pgid := sharers(t, 4, 64*mib)
	if err := Watch(within(t, time.Second), pgid, Limits{Memory: 200 * mib, For: soon, Interval: often}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("four processes that share 64 MiB: %v", err)
	}
}

func TestGroupThatEndsIsNoRunaway(t *testing.T) {
	if err := Watch(within(t, 300*time.Millisecond), 1<<30, Limits{Memory: 1, CPU: 0.001, For: often, Interval: often}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestPeakDoesNotCount(t *testing.T) {
	begun := time.Now()
	e := excess{what: Memory, limit: 100, bound: 30 * time.Second}
	for i, c := range []struct {
		at       int // seconds
		value    float64
		exceeded bool
	}{
		{0, 101, false}, {5, 500, false}, {25, 101, false}, {28, 100, false}, // back at the limit in time
		{30, 101, false}, {35, 200, false}, {59, 101, false}, {60, 101, true}, {65, 102, true}, {70, 1, false},
	} {
		got := e.look(begun.Add(time.Duration(c.at)*time.Second), c.value)
		if (got != nil) != c.exceeded {
			t.Errorf("look %d: %v", i, got)
		}
	}
}

func TestBadLimitsAreRefused(t *testing.T) {
	for _, l := range []Limits{
		{Memory: -1}, {CPU: -0.5}, {CPU: math.NaN()}, {For: -1}, {Interval: -1}, {Interval: time.Millisecond},
	} {
		if err := Watch(t.Context(), 1<<30, l); err == nil || errors.Is(err, context.Canceled) {
			t.Errorf("%+v: %v", l, err)
		}
	}
	if err := (Limits{}).Validate(); err != nil {
		t.Errorf("defaults: %v", err)
	}
}

func TestExceededSaysWhatAndHowMuch(t *testing.T) {
	for want, e := range map[string]*Exceeded{
		"memory has been above its limit of 512 MiB for 30s and is 612.5 MiB now": {
			Memory, 612.5 * mib, 512 * mib, 30 * time.Second},
		"more processors than the limit of 1.5 have been used for 30.123s, now 1.98": {
			CPU, 1.98, 1.5, 30123456 * time.Microsecond},
	} {
		if e.Error() != want {
			t.Errorf("got  %q\nwant %q", e, want)
		}
	}
}

func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// BenchmarkLook looks at a group of three among 200 other processes.
func BenchmarkLook(b *testing.B) {
	for range 200 {
		actors(b, "rest")
	}
	pgid := actors(b, "rest", "rest", "rest")
	for b.Loop() {
		if _, err := scan(pgid); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRead has the kernel walk the pages of a GB.
func BenchmarkRead(b *testing.B) {
	pgid := actors(b, "hold 1024", "rest")
	for b.Loop() {
		read(b, pgid)
	}
}
