package sources

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is the one retry schedule of all sources. The delay doubles from Base
// to Cap, and each wait is drawn evenly from its upper half. The zero value is
// ready to use. It is owned by one goroutine.
type Backoff struct {
	Base time.Duration // default 250 ms
	Cap  time.Duration // default 30 s

	// Spread is for the way back to a store that has answered before. A whole
	// fleet loses it at the same moment, so each wait is drawn from zero on, up to
	// sixteen times Base (4 s) and as much again as the waits took so far, but
	// never more than Cap. The first one is drawn by the cube, so that half of
	// the instances ask within half a second: the store may be there all the
	// time. However long it was away, at most 370 of a thousand instances then
	// come back in one second (but for one that was there all the time: 630); after
	// a moment the last one is back within 5 s.
	Spread bool

	n      int
	waited time.Duration
}

// Next returns the next delay and moves the schedule on.
func (b *Backoff) Next() time.Duration {
	if !b.Spread {
		d := b.delay()
		return d/2 + rand.N(d/2+1)
	}
	base, limit := b.bounds()
	part := rand.Float64()
	if b.n == 0 {
		part *= part * part
	}
	d := time.Duration(part * float64(min(16*base+b.waited, limit)))
	b.n++
	b.waited = min(b.waited+d, limit)
	return d
}

// delay moves the schedule on and returns the delay before it is drawn.
func (b *Backoff) delay() time.Duration {
	base, limit := b.bounds()
	d := limit
	if b.n < 32 && base<<b.n < limit && base<<b.n > 0 {
		d = base << b.n
	}
	b.n++
	return d
}

func (b *Backoff) bounds() (base, limit time.Duration) {
	base, limit = b.Base, b.Cap
	if base <= 0 {
		base = 250 * time.Millisecond
	}
	if limit <= 0 {
		limit = 30 * time.Second
	}
	return min(base, limit), limit
}

// Reset starts the schedule anew, after a success.
func (b *Backoff) Reset() { b.n, b.waited = 0, 0 }

// Wait waits for the next delay, or until ctx ends, and then returns its error.
func (b *Backoff) Wait(ctx context.Context) error {
	t := time.NewTimer(b.Next())
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
