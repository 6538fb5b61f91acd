package rollout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"concierge/cluster"
)

// ErrBehind says that the store shows an older history than it did before.
var ErrBehind = errors.New("the store is older than what was seen before: it was restored from a backup or emptied; " +
	"nothing is changed until it has caught up, or concierge is restarted")

// retryPause is between two attempts to reach the store, at most; the least is
// half of it, and chance keeps a fleet from asking in step.
const retryPause = 2 * time.Second

// sight keeps the newest of what a watch shows, and tells that it is new. Its
// methods may be called concurrently.
type sight struct {
	mu      sync.Mutex // guards all below
	view    cluster.View
	known   bool
	changed chan struct{} // closed when there is something newer
}

func newSight() *sight { return &sight{changed: make(chan struct{})} }

func (s *sight) see(v cluster.View) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.view, s.known = v, true
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *sight) now() (v cluster.View, known bool, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.view, s.known, s.changed
}

// watch follows a prefix until ctx ends, through losses of the store.
func (s *sight) watch(ctx context.Context, store cluster.Store, prefix string, log *slog.Logger) {
	for ctx.Err() == nil {
		if err := store.Watch(ctx, prefix, s.see); err != nil {
			log.Warn("the store cannot be watched; trying again", "prefix", prefix, "error", err)
		}
		pause(ctx, jitter(retryPause))
	}
}

func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2) }

// pause waits, or less if ctx ends or one of the channels says so.
func pause(ctx context.Context, d time.Duration, sooner ...<-chan struct{}) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	var a, b <-chan struct{}
	if len(sooner) > 0 {
		a = sooner[0]
	}
	if len(sooner) > 1 {
		b = sooner[1]
	}
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-a:
	case <-b:
	}
}

// look reads what decides about a set: the state first and the acknowledgements
// after it. A transaction on the record's version then proves that the record
// was the same all the time.
func look(ctx context.Context, store cluster.Store, set, acks string) (View, error) {
	state, err := store.Read(ctx, Prefix(set))
	if err != nil {
		return View{}, fmt.Errorf("reading the rollout of set %s: %w", set, err)
	}
	known, err := store.Read(ctx, acks)
	if err != nil {
		return View{}, fmt.Errorf("reading the acknowledgements of set %s: %w", set, err)
	}
	return Parse(set, state, known)
}
