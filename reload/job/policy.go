package job

import (
	"math/rand/v2"
	"slices"
	"time"

	"concierge/reload/process"
)

// When says after which ends a program is started again.
type When string

// The restart policies.
const (
	Never     When = "never"
	OnFailure When = "on-failure" // after an unexpected status, or a signal
	Always    When = "always"
)

// Policy is what follows when a program ends by itself. Restarts on purpose do
// not count for it.
type Policy struct {
	When     When
	Delay    time.Duration // before the first restart; it doubles with each
	MaxDelay time.Duration
	Reset    time.Duration // a run that was well for so long, and twice its delay, begins anew
	Limit    int           // so many restarts within Window, and then no more; 0 is no limit
	Window   time.Duration
	Expected []int // exit statuses that are no failure; empty is 0 alone
	End      bool  // concierge is to end when the job gives up, else the job is parked
}

// jitter is the part of a delay that is random, so that a fleet does not
// restart in step. It makes delays shorter, so that none is above the longest.
const jitter = 0.2

// ok reports whether a status is no failure.
func (p Policy) ok(s process.Status) bool {
	if len(p.Expected) == 0 {
		return s == process.Status{}
	}
	return s.Signal == 0 && slices.Contains(p.Expected, s.Code)
}

// Regular reports whether an end by itself is what the program was started for.
func (p Policy) Regular(s process.Status) bool { return p.ok(s) && p.When != Always }

// again reports whether the program is to be started again after an end.
func (p Policy) again(failed bool) bool {
	return p.When == Always || p.When == OnFailure && failed
}

// history is what a policy has to know of the past.
type history struct {
	attempt  int           // restarts since the last run that lasted
	delay    time.Duration // before the last of them, without its random part
	restarts []time.Time   // within the window
}

// next notes a restart at now after a run that was well for so long, and
// returns the delay before it. ok is false when the limit is reached.
func (h *history) next(p Policy, now time.Time, well time.Duration) (delay time.Duration, ok bool) {
	if well >= max(2*h.delay, p.Reset) {
		h.attempt = 0
	}
	h.restarts = slices.DeleteFunc(h.restarts, func(t time.Time) bool { return now.Sub(t) > p.Window })
	if p.Limit > 0 && len(h.restarts) >= p.Limit {
		return 0, false
	}
	h.delay = p.delay(h.attempt)
	h.restarts, h.attempt = append(h.restarts, now), h.attempt+1
	delay = h.delay
	if spread := time.Duration(float64(delay) * jitter); spread > 0 {
		delay -= rand.N(spread)
	}
	return delay, true
}

// delay is the wait before the restart of that number.
func (p Policy) delay(attempt int) time.Duration {
	d := p.Delay
	for range attempt {
		if d >= p.MaxDelay/2 {
			return p.MaxDelay
		}
		d *= 2
	}
	return min(d, p.MaxDelay)
}
