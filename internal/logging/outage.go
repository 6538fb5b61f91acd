package logging

import (
	"log/slog"
	"sync"
	"time"
)

// tellEvery is the shortest time between two reports of missed messages, so
// that a destination that is only just too slow is not flooded with them.
const tellEvery = 10 * time.Second

// outage tells, on standard error, when a destination begins to fail, when it
// works again and what it missed meanwhile.
type outage struct {
	log  *slog.Logger // standard error alone
	hint string

	mu     sync.Mutex // guards what follows
	down   bool
	missed int
	told   time.Time // last report of missed messages
}

// missing notes that n messages are lost.
func (o *outage) missing(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.missed += n
}

// failed reports err, unless the destination was known to fail.
func (o *outage) failed(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.down {
		o.log.Warn("a log destination fails", "error", err, "hint", o.hint)
	}
	o.down = true
}

// works reports that the destination works, if there is anything to tell. It
// returns how many messages it reported as missed.
func (o *outage) works() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case !o.down && (o.missed == 0 || time.Since(o.told) < tellEvery):
		return 0
	case o.down:
		o.log.Info("the log destination works again", "missed", o.missed)
	default:
		o.log.Warn("the log destination is too slow", "missed", o.missed)
	}
	return o.forget()
}

// note reports err or, if it is nil, that all is well.
func (o *outage) note(err error) {
	if err != nil {
		o.failed(err)
	} else {
		o.works()
	}
}

// ended reports what is missed for good.
func (o *outage) ended() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.missed > 0 {
		o.log.Warn("the log destination missed messages", "missed", o.missed)
		o.forget()
	}
}

func (o *outage) forget() int {
	missed := o.missed
	o.down, o.missed = false, 0
	if missed > 0 {
		o.told = time.Now()
	}
	return missed
}
