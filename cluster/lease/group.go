package lease

import (
	"context"
	"sync"
)

// Group runs the keepers of one store, and ends with it. Its methods may be
// called concurrently.
type Group struct {
	life context.Context
	end  context.CancelFunc

	mu      sync.Mutex // held while a keeper begins, and while the end does
	running sync.WaitGroup
}

// NewGroup returns a group of none.
func NewGroup() *Group {
	g := new(Group)
	g.life, g.end = context.WithCancel(context.Background())
	return g
}

// Keep runs the keeper until its session is lost or the group is closed, and
// then calls after.
func (g *Group) Keep(k *Keeper, after func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.life.Err() != nil {
		k.End()
		after()
		return
	}
	g.running.Go(func() {
		defer after()
		k.Run(g.life)
	})
}

// Bound returns ctx, which ends with the group, too. A closed group is a dead
// process to everybody else: nothing may be sent in its name.
func (g *Group) Bound(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(g.life, cancel)
	if g.life.Err() != nil {
		cancel() // before anything is sent; the function takes its time
	}
	return ctx, func() { stop(); cancel() }
}

// Close ends all keepers, which loses their sessions, and awaits them.
func (g *Group) Close() {
	g.mu.Lock()
	g.end()
	g.mu.Unlock()
	g.running.Wait()
}
