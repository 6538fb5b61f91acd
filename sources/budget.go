package sources

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// requestsPerSecond is what one instance may ask of one server in the long
	// run. A key that is followed at this rate is 4 ms late; one that changes
	// without pause would be read as often as the server can answer.
	requestsPerSecond = 250

	// startUp is for how many seconds the budget may be saved up. A start asks for
	// everything at once: 10,000 requests are free with the default.
	startUp = 40

	// remindEvery is how often the log says that a budget is used up.
	remindEvery = time.Minute
)

// Budget bounds the requests that this process makes of one server, whoever in
// it makes them. Normal use never notices; it is for what runs away: a key that
// changes a thousand times a second, a server that fails at once whatever many
// watches ask. Requests are free until as many are saved up as 40 seconds allow,
// and wait for their turn then. It is safe for concurrent use.
type Budget struct {
	limiter *rate.Limiter
	log     *slog.Logger

	mu   sync.Mutex
	said time.Time // guarded by mu; when the log last spoke of it
}

// NewBudget returns a budget of so many requests per second; 0 is the default,
// 250.
func NewBudget(perSecond int, log *slog.Logger) *Budget {
	perSecond = cmp.Or(max(perSecond, 0), requestsPerSecond)
	return &Budget{limiter: rate.NewLimiter(rate.Limit(perSecond), startUp*perSecond), log: log}
}

// Wait returns when a request may be made. The error is that of ctx, or matches
// [context.DeadlineExceeded] if its end is nearer than the turn.
func (b *Budget) Wait(ctx context.Context) error {
	if b.limiter.Allow() {
		return nil
	}
	b.remind()
	err := b.limiter.Wait(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("%w: more than %v requests a second are waiting (raise max_requests_per_second)", context.DeadlineExceeded, b.limiter.Limit())
}

// remind says that requests are held back, but not all the time.
func (b *Budget) remind() {
	b.mu.Lock()
	again := time.Since(b.said) >= remindEvery
	if again {
		b.said = time.Now()
	}
	b.mu.Unlock()
	if again {
		b.log.Warn("more requests than the budget allows, changes arrive late; something changes all the time, or raise max_requests_per_second",
			"max_requests_per_second", int(b.limiter.Limit()))
	}
}
