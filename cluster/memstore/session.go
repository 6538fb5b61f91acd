package memstore

import (
	"context"
	"sync"
	"time"

	"concierge/cluster"
)

// Session is a [cluster.Session] that the test ends with [Store.Expire].
type Session struct {
	store *Store
	id    string
	lost  chan struct{}

	mu     sync.Mutex
	silent time.Time // guarded by mu; since when nothing is heard of it; zero if it is alive
}

var _ cluster.Session = (*Session)(nil)

// ID is of [cluster.Session].
func (s *Session) ID() string { return s.id }

// Fresh is of [cluster.Session].
func (s *Session) Fresh() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.silent.IsZero() {
		return 0
	}
	return time.Since(s.silent)
}

// Silence cuts the session off from the store, or connects it again.
func (s *Session) Silence(silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = time.Time{}
	if silent {
		s.silent = time.Now()
	}
}

// Lost is of [cluster.Session].
func (s *Session) Lost() <-chan struct{} { return s.lost }

// Close is of [cluster.Session].
func (s *Session) Close(context.Context) error {
	s.store.Expire(s)
	return nil
}
