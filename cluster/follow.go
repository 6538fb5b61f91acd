package cluster

import (
	"context"
	"time"

	"concierge/cluster/pace"
)

// steady is how long a watch must have lasted for its end to be a new trouble.
const steady = 10 * time.Second

// Follow watches a prefix until ctx ends, again and again as the store comes
// and goes. lost, called before each pause, is told why the last watch ended.
// Both functions are called from this goroutine.
func Follow(ctx context.Context, s Store, prefix string, see func(View), lost func(error)) {
	var p pace.Pace
	for ctx.Err() == nil {
		begin := time.Now()
		err := s.Watch(ctx, prefix, see)
		if ctx.Err() != nil {
			return
		}
		if time.Since(begin) > steady {
			p.Reset()
		}
		lost(err)
		if p.Wait(ctx) != nil {
			return
		}
	}
}

// Newest holds the view that was told last, until it is taken. One goroutine
// puts, one takes.
type Newest chan View

// NewNewest returns one that is empty.
func NewNewest() Newest { return make(Newest, 1) }

// Put replaces what is there. It never blocks.
func (n Newest) Put(v View) {
	select {
	case <-n:
	default:
	}
	n <- v
}
