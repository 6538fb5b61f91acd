// Package pace is how the parts of the cluster wait before they ask a store
// again that did not answer.
package pace

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pace is a schedule of pauses: each is drawn evenly from zero to a bound that
// doubles from Base to Cap, so that a fleet which lost its store in one moment
// does not come back to it in one. The zero value is ready to use. It is owned
// by one goroutine.
type Pace struct {
	Base time.Duration // default 1 s
	Cap  time.Duration // default 15 s

	n int
}

// Next returns the next pause and moves the schedule on.
func (p *Pace) Next() time.Duration {
	base, limit := p.Base, p.Cap
	if base <= 0 {
		base = time.Second
	}
	if limit <= 0 {
		limit = 15 * time.Second
	}
	bound := limit
	if p.n < 32 && base<<p.n > 0 {
		bound = min(limit, base<<p.n)
	}
	p.n++
	return rand.N(bound) + 1
}

// Reset starts the schedule anew, after a success.
func (p *Pace) Reset() { p.n = 0 }

// Wait pauses, or returns the error of ctx when that ends before.
func (p *Pace) Wait(ctx context.Context) error { return Rest(ctx, p.Next()) }

// Rest waits for d, or returns the error of ctx when that ends before.
func Rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
