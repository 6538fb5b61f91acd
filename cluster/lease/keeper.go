// Package lease keeps a session of a store alive, whichever store it is.
package lease

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Renew asks the store once to keep the session. alive is whether the store
// still has it; with an error nobody knows. It ends with ctx.
type Renew func(ctx context.Context) (alive bool, err error)

// Keeper renews one session until the store has it no more. A store that is
// away ends nothing: the session may outlive its absence, and [Keeper.Fresh]
// tells how long that is.
type Keeper struct {
	ttl   time.Duration
	renew Renew
	begun time.Time
	sent  atomic.Int64 // of the last request that was answered with "alive", since begun

	end  sync.Once
	lost chan struct{}
}

// New returns the keeper of a session that was asked for at that moment.
func New(ttl time.Duration, asked time.Time, renew Renew) *Keeper {
	return &Keeper{ttl: ttl, renew: renew, begun: asked, lost: make(chan struct{})}
}

// Run renews the session until it is lost or ctx ends, which loses it, too:
// nobody keeps it any more.
func (k *Keeper) Run(ctx context.Context) {
	defer k.End()
	due := time.NewTimer(k.wait(nil))
	defer due.Stop()
	for {
		select {
		case <-due.C:
		case <-k.lost:
			return
		case <-ctx.Done():
			return
		}
		alive, err := k.once(ctx)
		if err == nil && !alive || ctx.Err() != nil {
			return
		}
		due.Reset(k.wait(err))
	}
}

// once sends one request, of which an answer is worth nothing after a third of
// the ttl: then the next one may be heard.
func (k *Keeper) once(ctx context.Context) (alive bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, k.ttl/3)
	defer cancel()
	sent := time.Since(k.begun)
	alive, err = k.renew(ctx)
	if err == nil && alive {
		k.sent.Store(int64(sent))
	}
	return alive, err
}

// wait returns the pause before the next request: a third of the ttl, a tenth
// of which is chance; and less, with more chance, while the store is away.
func (k *Keeper) wait(err error) time.Duration {
	if err == nil {
		return k.ttl/3 - rand.N(k.ttl/30)
	}
	return k.ttl/15 + rand.N(k.ttl/5)
}

// Fresh returns how long ago a request was sent that the store answered with
// "alive".
func (k *Keeper) Fresh() time.Duration {
	return time.Since(k.begun) - time.Duration(k.sent.Load())
}

// Lost is closed when the session has ended.
func (k *Keeper) Lost() <-chan struct{} { return k.lost }

// End says that the session has ended; Run returns. It may be called again.
func (k *Keeper) End() { k.end.Do(func() { close(k.lost) }) }
