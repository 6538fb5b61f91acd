package probe

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrGone is the reason of an [*Unhealthy] whose process ended.
var ErrGone = errors.New("the process ended")

// Unhealthy says that an application did not stand a change.
type Unhealthy struct {
	Err    error // the last failure, or [ErrGone]
	Probes int   // how many probes were made
	After  time.Duration
}

func (e *Unhealthy) Error() string {
	probes := fmt.Sprintf("%d probes", e.Probes)
	if e.Probes == 1 {
		probes = "1 probe"
	}
	return fmt.Sprintf("unhealthy after %s and %s: %v", probes, e.After.Round(time.Millisecond), e.Err)
}

func (e *Unhealthy) Unwrap() error { return e.Err }

// Watch looks for a window of time how an application stands a change. It
// blocks until that is decided and returns nil, an [*Unhealthy], or the error
// of ctx once that ends.
//
// It probes at once, then every t.Interval or as often as lets twice
// t.Failures probes into the window, whichever is shorter, but not more often
// than [Closest], and at the end of the window. The distance is up to a tenth
// off.
//
// The application is unhealthy when t.Failures probes in a row failed, or when
// gone closes (nil: never): its process ended. It is healthy when the window is
// over and the last t.Successes probes succeeded. While neither is so Watch
// goes on after the window, for at most t.Interval and t.Timeout times
// t.Failures or t.Successes, whichever is more; then the application is
// unhealthy.
//
// With grace (the process was started anew) failures do not count until the
// first success or the end of t.Grace, and the window begins with the first
// success. Failures of an application that was only told to reload count at
// once.
func Watch(ctx context.Context, p Probe, t Thresholds, window time.Duration, grace bool, gone <-chan struct{}) error {
	t = t.valid()
	w := newWatch(t, window, grace)
	a := attempts{probe: p, timeout: t.Timeout, gone: gone}
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-gone:
			return w.unhealthy(ErrGone)
		case <-next.C:
		}
		begun := time.Now()
		_, err := a.next(ctx)
		switch decided := w.result(time.Now(), err); {
		case ctx.Err() != nil:
			return ctx.Err()
		case closed(gone):
			return w.unhealthy(ErrGone)
		case decided:
			return w.verdict
		}
		next.Reset(time.Until(w.next(begun)))
	}
}

// watch is the state of one Watch.
type watch struct {
	thresholds Thresholds
	window     time.Duration
	period     time.Duration // from probe to probe
	begun      time.Time
	grace      grace
	end        time.Time // of the window; zero while it has not begun
	row        row
	probes     int
	last       error // the last failure
	verdict    error // meaningful once decided
}

func newWatch(t Thresholds, window time.Duration, starting bool) *watch {
	now := time.Now()
	w := &watch{thresholds: t, window: window, begun: now}
	w.period = max(min(t.Interval, window/time.Duration(2*t.Failures)), Closest)
	if w.grace = (grace{until: now.Add(t.Grace), over: !starting}); !starting {
		w.end = now.Add(window)
	}
	return w
}

// result takes the result of one probe. It reports whether that decides.
func (w *watch) result(now time.Time, err error) (decided bool) {
	w.probes++
	if err != nil {
		w.last = err
	}
	if w.grace.ignores(now, err == nil) {
		return false
	}
	if err == nil && w.end.IsZero() {
		w.end = now.Add(w.window)
	}
	n, over := w.row.add(err == nil), !w.end.IsZero() && !now.Before(w.end)
	switch {
	case err != nil && n >= w.thresholds.Failures:
		w.verdict = w.unhealthy(err)
	case err == nil && n >= w.thresholds.Successes && over:
		w.verdict = nil
	case over && !now.Before(w.end.Add(w.extension())):
		w.verdict = w.unhealthy(w.last)
	default:
		return false
	}
	return true
}

// extension is how long after the window a decision may take: long enough for
// as many probes in a row as make one.
func (w *watch) extension() time.Duration {
	t := w.thresholds
	return time.Duration(max(t.Failures, t.Successes)) * (t.Interval + t.Timeout)
}

// next is when the probe after the one begun then is due.
func (w *watch) next(begun time.Time) time.Time {
	due := begun.Add(max(around(w.period), Closest))
	if end := w.end; end.After(begun) && end.Before(due) {
		due = end
	}
	if earliest := begun.Add(Closest); due.Before(earliest) {
		due = earliest
	}
	return due
}

func (w *watch) unhealthy(err error) *Unhealthy {
	return &Unhealthy{Err: err, Probes: w.probes, After: time.Since(w.begun)}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
