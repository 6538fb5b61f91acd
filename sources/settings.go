package sources

import "time"

// Retry is how often a source asks again after a failure. The zero value is
// the schedule of [Backoff], without end.
type Retry struct {
	// Attempts is after how many failures in a row whoever runs the source
	// should give up; 0 means never. Sources themselves never give up.
	Attempts int
	Base     time.Duration // first delay; it doubles; default 250 ms
	Cap      time.Duration // longest delay; default 30 s
}

// Backoff returns a new schedule with these delays.
func (r Retry) Backoff() Backoff { return Backoff{Base: r.Base, Cap: r.Cap} }

// Patience is for how long Attempts failures in a row last at least; 0 means
// for ever.
func (r Retry) Patience() time.Duration {
	if r.Attempts <= 0 {
		return 0
	}
	var sum time.Duration
	b := r.Backoff()
	for range r.Attempts {
		sum += b.delay()
	}
	return max(sum, time.Millisecond)
}

// Transport are the limits of a source's HTTP connections. Zero values mean
// the source's own defaults.
type Transport struct {
	DialTimeout         time.Duration
	DialKeepAlive       time.Duration // interval of keep-alive probes
	TLSHandshakeTimeout time.Duration
	IdleConnTimeout     time.Duration
	MaxConnsPerHost     int
	MaxIdleConns        int
	MaxIdleConnsPerHost int
	DisableKeepAlives   bool
}
