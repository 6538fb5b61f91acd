package statsd

import (
	"time"
)

// counters remembers what was delivered of sums, to tell how much they grew. It
// belongs to one goroutine.
type counters struct {
	last  map[string]sum
	most  int
	steps []step // taken since the last settle
}

// sum is the value of a counter when it was last delivered.
type sum struct {
	value float64
	at    time.Time // of the snapshot
}

// step is a counter's new value, which counts when its line was delivered.
type step struct {
	series string
	sum
}

// forgetAfter is how long a counter is remembered that is not there: an endpoint
// that could not be read for some cycles loses nothing.
const forgetAfter = time.Hour

// grown returns how much the counter grew. It is not known when the counter is
// seen for the first time, and there is no room when too many are remembered.
func (c *counters) grown(series []byte, value float64, at time.Time) (by float64, known, room bool) {
	before, known := c.last[string(series)]
	if !known {
		if len(c.last) >= c.most {
			return 0, false, false
		}
		c.last[string(series)] = sum{value, at}
		return 0, false, true
	}
	c.steps = append(c.steps, step{string(series), sum{value, at}})
	if value < before.value {
		return value, true, true // it began anew
	}
	return value - before.value, true, true
}

// settle makes the first n steps those that were delivered, and forgets the rest.
func (c *counters) settle(n int) {
	for _, s := range c.steps[:n] {
		c.last[s.series] = s.sum
	}
	clear(c.steps)
	c.steps = c.steps[:0]
}

// sweep forgets counters that have not been there for long.
func (c *counters) sweep(now time.Time) {
	for series, s := range c.last {
		if now.Sub(s.at) > forgetAfter {
			delete(c.last, series)
		}
	}
}
