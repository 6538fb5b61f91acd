package vault

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"concierge/sources"
)

// errReplaced says that a loan ended with the token that it was made to.
var errReplaced = errors.New("the token was replaced")

const (
	// shortest keeps a loan that is about to end from becoming a busy loop.
	shortest = 100 * time.Millisecond

	// slack is how much less than asked for a renewal may give without being
	// the last one, since Vault counts in whole seconds; of a short life it is
	// a tenth.
	slack = time.Second
)

// loan is what Vault lends for a time: the lease of a secret, a token. It is
// owned by one goroutine.
type loan struct {
	life  time.Duration // from now on; 0 is for ever
	exact bool          // it is replaced when life is over, not before
	part  float64       // of life, after which it is replaced
	lease bool          // Vault counts it as one
	free  bool          // asking for it again costs nothing but the request
	asked time.Duration // what a renewal asks for; default life

	// renew is nil if the life cannot be made longer.
	renew renewal
	retry sources.Retry

	ended <-chan struct{}                  // closed when it ends early; may be nil
	again <-chan struct{}                  // a hint that Vault is back; may be nil
	tell  func(since time.Time, err error) // hears of failed renewals, and with nil of the end of failures
	grown func(life time.Duration)         // hears of each renewal; may be nil
}

// renewal asks for a longer life and returns what was given. 0 means that the
// life stays as it was and that there is no use in asking again.
type renewal func(ctx context.Context, increment time.Duration) (time.Duration, error)

// scatter draws anew when a free loan is replaced: at any moment of its life. An
// instance reads all its secrets when it starts, and so does its whole fleet;
// the readings that follow are to be spread over the interval.
func (l *loan) scatter() {
	if l.free {
		l.part = 0.1 + 0.8*rand.Float64()
	}
}

// keep renews as long as that is possible and returns nil when it is time for
// a replacement, with enough life left to get one. Failures of Vault are no
// reason for a replacement: the renewal is tried again until then. The error
// is that of ctx, errReplaced, or what Vault refused the renewal with.
func (l *loan) keep(ctx context.Context) error {
	asked := cmp.Or(l.asked, l.life)
	for {
		due := time.Now().Add(l.replaceAfter())
		if l.life <= 0 {
			return l.rest(ctx, time.Time{}, nil)
		}
		if l.renew == nil {
			return l.rest(ctx, due, nil)
		}
		if err := l.rest(ctx, time.Now().Add(l.renewAfter()), nil); err != nil {
			return err
		}
		life, err := l.extend(ctx, asked, due)
		switch {
		case err != nil:
			return err
		case life == 0:
			return l.rest(ctx, due, nil)
		case life < asked-min(slack, asked/10):
			l.renew = nil // the longest life is reached
		}
		l.life = life
		if l.grown != nil {
			l.grown(life)
		}
	}
}

// extend renews, again and again until due if Vault is in trouble.
func (l *loan) extend(ctx context.Context, asked time.Duration, due time.Time) (time.Duration, error) {
	limited, cancel := context.WithDeadline(ctx, due)
	defer cancel()
	backoff := l.retry.Backoff()
	for failed := false; ; failed = true {
		since := time.Now()
		life, err := l.renew(limited, asked)
		switch {
		case err == nil:
			if failed {
				l.tell(since, nil)
			}
			return life, nil
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case refused(err):
			return 0, err
		}
		l.tell(since, err)
		next := time.Now().Add(backoff.Next())
		if !next.Before(due) {
			return 0, l.rest(ctx, due, nil)
		}
		if err := l.rest(ctx, next, l.again); err != nil {
			return 0, err
		}
	}
}

// rest waits until at (for ever if that is zero), or for a hint to go on.
func (l *loan) rest(ctx context.Context, at time.Time, again <-chan struct{}) error {
	var over <-chan time.Time
	if !at.IsZero() {
		t := time.NewTimer(time.Until(at))
		defer t.Stop()
		over = t.C
	}
	select {
	case <-over:
	case <-again:
	case <-l.ended:
		return errReplaced
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// replaceAfter draws when to replace the loan, so that a fleet does not do it
// in step: within 5 per cent of its life around part, as consul-template does.
func (l *loan) replaceAfter() time.Duration {
	if l.exact {
		return max(shortest, l.life)
	}
	part := l.part + 0.1*(rand.Float64()-0.5)
	if part <= 0 || part >= 1 {
		part = l.part
	}
	return max(shortest, time.Duration(float64(l.life)*part))
}

// renewAfter draws when to renew: around half of what comes before the
// replacement, so that there is time for further attempts.
func (l *loan) renewAfter() time.Duration {
	return max(shortest, time.Duration(float64(l.life)*l.part*(0.5+0.2*rand.Float64())))
}
