package consul

import (
	"context"
	"sync"
	"time"
)

// bell wakes all who wait for it. It counts its rings, so that none is missed by
// those who are busy. It is safe for concurrent use.
type bell struct {
	mu    sync.Mutex
	rings uint64 // never 0, so that it can be an index
	next  chan struct{}
	last  time.Time     // when it rang
	least time.Duration // between two rings
}

func newBell() *bell { return &bell{rings: 1, next: make(chan struct{})} }

// ring wakes those who wait.
func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rings++
	b.last = time.Now()
	close(b.next)
	b.next = make(chan struct{})
}

// wait returns the number of rings as soon as it is another than known, and at
// the latest after d.
func (b *bell) wait(ctx context.Context, known uint64, d time.Duration) (uint64, error) {
	rings, next := b.state()
	if rings != known {
		return rings, nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-next:
	case <-t.C:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	rings, _ = b.state()
	return rings, nil
}

func (b *bell) state() (rings uint64, next <-chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rings, b.next
}

func (b *bell) setPause(least time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.least = least
}

// pause waits until the bell may ring again.
func (b *bell) pause(ctx context.Context) error {
	b.mu.Lock()
	left := time.Until(b.last.Add(b.least))
	b.mu.Unlock()
	return pause(ctx, left)
}
