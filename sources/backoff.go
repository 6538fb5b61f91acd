package sources

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is the one retry schedule of all sources: the delay doubles from
// Base to Cap, and each wait is drawn evenly from the upper half of the delay,
// so that a fleet does not return in step. The zero value is ready to use. It
// is owned by one goroutine.
type Backoff struct {
	Base time.Duration // default 250 ms
	Cap  time.Duration // default 30 s
	n    int
}

// Next returns the next delay and moves the schedule on.
func (b *Backoff) Next() time.Duration {
	d := b.delay()
	return d/2 + rand.N(d/2+1)
}

// delay moves the schedule on and returns the delay before it is drawn.
func (b *Backoff) delay() time.Duration {
	base, limit := b.Base, b.Cap
	if base <= 0 {
		base = 250 * time.Millisecond
	}
	if limit <= 0 {
		limit = 30 * time.Second
	}
	d := limit
	if b.n < 32 && base<<b.n < limit && base<<b.n > 0 {
		d = base << b.n
	}
	b.n++
	return d
}

// Reset starts the schedule anew, after a success.
func (b *Backoff) Reset() { b.n = 0 }

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
