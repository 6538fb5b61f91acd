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
	Reset    time.Duration // a run that lasted so long, and twice the delay, begins anew
	Limit    int           // so many restarts within Window, and then no more; 0 is no limit
	Window   time.Duration
	Expected []int // exit statuses that are no failure
	End      bool  // concierge is to end when the job gives up, else the job is parked
}

// jitter is the part of a delay that is random, so that a fleet does not
// restart in step.
const jitter = 0.2

// ok reports whether a status is no failure.
func (p Policy) ok(s process.Status) bool {
	return s.Signal == 0 && slices.Contains(p.Expected, s.Code)
}

// Regular reports whether an end by itself is what the program was started for.
func (p Policy) Regular(s process.Status) bool { return p.ok(s) && p.When != Always }

// again reports whether the program is to be started again after that end.
func (p Policy) again(s process.Status) bool {
	return p.When == Always || p.When == OnFailure && !p.ok(s)
}

// history is what a policy has to know of the past.
type history struct {
	attempt  int         // restarts since the last run that lasted
	restarts []time.Time // within the window
}

// next notes a restart at now after a run of that length, and returns the delay
// before it. ok is false when the limit is reached.
func (h *history) next(p Policy, now time.Time, ran time.Duration) (delay time.Duration, ok bool) {
	if ran >= max(2*p.delay(h.attempt), p.Reset) {
		h.attempt = 0
	}
	h.restarts = slices.DeleteFunc(h.restarts, func(t time.Time) bool { return now.Sub(t) > p.Window })
	if p.Limit > 0 && len(h.restarts) >= p.Limit {
		return 0, false
	}
	delay = p.delay(h.attempt)
	h.restarts, h.attempt = append(h.restarts, now), h.attempt+1
	if spread := time.Duration(float64(delay) * jitter); spread > 0 {
		delay += rand.N(spread) - spread/2
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
