package census

import (
	"slices"
	"time"
)

// Condition is that a number of the service has been so for a while.
type Condition struct {
	Number string // wanted, running, responding, diverged, sum, avg, min or max
	Of     string // metric of the last four
	Test   string // <, <=, >, >=, == or !=
	Limit  float64
	For    time.Duration
}

// Value returns the number; ok is false while it is unknown: nobody said how
// many are wanted, no instance tells the metric.
func (c Condition) Value(of Counts) (value float64, ok bool) {
	switch c.Number {
	case "wanted":
		return float64(of.Wanted), of.Wanted > 0
	case "running":
		return float64(of.Running), true
	case "responding":
		return float64(of.Responding), true
	case "diverged":
		return float64(of.Diverged), true
	}
	n, ok := of.Numbers[c.Of]
	switch c.Number {
	case "sum":
		return n.Sum, ok
	case "avg":
		return n.Avg, ok
	case "min":
		return n.Min, ok
	case "max":
		return n.Max, ok
	}
	return 0, false
}

// readable reports whether there are such a number and such a test.
func (c Condition) readable() bool {
	numbers := []string{"wanted", "running", "responding", "diverged", "sum", "avg", "min", "max"}
	tests := []string{"<", "<=", ">", ">=", "==", "!="}
	return slices.Contains(numbers, c.Number) && slices.Contains(tests, c.Test) && c.For > 0
}

// Holds reports whether the number is so now. One that is unknown is not.
func (c Condition) Holds(of Counts) bool {
	value, ok := c.Value(of)
	if !ok {
		return false
	}
	switch c.Test {
	case "<":
		return value < c.Limit
	case "<=":
		return value <= c.Limit
	case ">":
		return value > c.Limit
	case ">=":
		return value >= c.Limit
	case "==":
		return value == c.Limit
	case "!=":
		return value != c.Limit
	}
	return false
}

// gap is the longest time between two looks after which what was true at both
// counts as true between them. Who was stopped for longer has seen nothing.
const gap = 10 * time.Second

// Streak is for how long a condition has held without a gap. The zero value is
// that it does not hold. Times are on a monotonic clock of the caller.
type Streak struct {
	on          bool
	since, last time.Duration
}

// Next is the streak after one more look.
func (s Streak) Next(holds bool, now time.Duration) Streak {
	switch {
	case !holds:
		return Streak{}
	case !s.on || now-s.last > gap:
		return Streak{on: true, since: now, last: now}
	}
	s.last = now
	return s
}

// Lasted reports whether it has held for so long at the last look.
func (s Streak) Lasted(d time.Duration) bool { return s.on && s.last-s.since >= d }
