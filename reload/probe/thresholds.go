package probe

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Thresholds say when an application counts as well or unwell. Their meaning
// is Marathon's, where it is clear; where zero means "at once" to one part of
// Marathon and "never" to another, zero is a mistake here.
type Thresholds struct {
	// Grace is how long failures do not count after the application was
	// started. It is over with the first success. Zero is no grace.
	Grace time.Duration
	// Interval is the time from the beginning of one probe to that of the
	// next, give or take a tenth.
	Interval time.Duration
	// Timeout is how long one probe may take. It may be longer than Interval:
	// probes never overlap.
	Timeout time.Duration
	// Failures and Successes are how many in a row make the application
	// unhealthy and healthy.
	Failures, Successes int
}

// DefaultThresholds are a grace of 30 s, an interval of 10 s, a timeout of 5 s,
// three failures, and one success.
func DefaultThresholds() Thresholds {
	return Thresholds{
		Grace: 30 * time.Second, Interval: 10 * time.Second, Timeout: 5 * time.Second,
		Failures: 3, Successes: 1,
	}
}

// Closest is the shortest time from one probe to the next, and the shortest
// timeout.
const Closest = 50 * time.Millisecond

// Validate reports every threshold that cannot be, and what to write.
func (t Thresholds) Validate() error {
	var errs []error
	if t.Grace < 0 {
		errs = append(errs, fmt.Errorf("grace is %s: write 0s for none", t.Grace))
	}
	for _, d := range []struct {
		name string
		is   time.Duration
	}{{"interval", t.Interval}, {"timeout", t.Timeout}} {
		if d.is < Closest {
			errs = append(errs, fmt.Errorf("%s is %s: write at least %s; to have no health check, leave it out", d.name, d.is, Closest))
		}
	}
	for _, n := range []struct {
		name string
		is   int
	}{{"failures", t.Failures}, {"successes", t.Successes}} {
		if n.is < 1 {
			errs = append(errs, fmt.Errorf("%s is %d: write at least 1; to have no health check, leave it out", n.name, n.is))
		}
	}
	return errors.Join(errs...)
}

// valid raises what Validate would report to the least that it accepts, so that
// a mistake of the caller's never makes a loop without a pause.
func (t Thresholds) valid() Thresholds {
	return Thresholds{
		Grace: t.Grace, Interval: max(t.Interval, Closest), Timeout: max(t.Timeout, Closest),
		Failures: max(t.Failures, 1), Successes: max(t.Successes, 1),
	}
}

// around is a random time, at most a tenth off from d.
func around(d time.Duration) time.Duration { return d - d/10 + rand.N(d/5+1) }

// row counts equal results.
type row struct {
	ok bool
	n  int
}

// add returns how many results in a row were like this one, with it.
func (r *row) add(ok bool) int {
	if ok != r.ok {
		r.n = 0
	}
	r.ok = ok
	r.n++
	return r.n
}

// grace is the time after a start in which failures do not count.
type grace struct {
	until time.Time
	over  bool
}

// ignores reports whether a result at that time does not count.
func (g *grace) ignores(at time.Time, ok bool) bool {
	g.over = g.over || ok || !at.Before(g.until)
	return !g.over
}
