package memstore

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"

	"concierge/cluster"
)

// ErrAway is what every call says while the store is away.
var ErrAway = errors.New("the store is away")

// Store is a [cluster.Store] on a [State]. Its zero value is not ready; see [New].
type Store struct {
	mu       sync.Mutex // guards all below
	state    State
	away     bool
	sessions map[string]*Session
	opened   int
	changed  chan struct{} // closed at the next change
}

var _ cluster.Store = (*Store)(nil)

// New is an empty store.
func New() *Store {
	return &Store{sessions: make(map[string]*Session), changed: make(chan struct{})}
}

// Read is of [cluster.Store].
func (s *Store) Read(_ context.Context, prefix string) (cluster.View, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return cluster.View{}, ErrAway
	}
	return s.state.Read(prefix), nil
}

// Watch is of [cluster.Store].
func (s *Store) Watch(ctx context.Context, prefix string, see func(cluster.View)) error {
	var last uint64
	for first := true; ; first = false {
		s.mu.Lock()
		view, away, changed := s.state.Read(prefix), s.away, s.changed
		s.mu.Unlock()
		if away {
			return ErrAway
		}
		if first || view.Revision != last {
			see(view)
			last = view.Revision
		}
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
		}
	}
}

// Commit is of [cluster.Store].
func (s *Store) Commit(_ context.Context, t cluster.Txn) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return false, ErrAway
	}
	for _, w := range t.Then {
		if w.Session == nil {
			continue
		}
		if _, ok := s.sessions[w.Session.ID()]; !ok {
			return false, nil
		}
	}
	done := s.state.Commit(t)
	s.tell()
	return done, nil
}

// tell wakes the watches; the caller has the lock.
func (s *Store) tell() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Open is of [cluster.Store]. The session lives until [Store.Expire].
func (s *Store) Open(context.Context, time.Duration) (cluster.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return nil, ErrAway
	}
	s.opened++
	session := &Session{store: s, id: strconv.Itoa(s.opened), lost: make(chan struct{})}
	s.sessions[session.id] = session
	return session, nil
}

// Close is of [cluster.Store].
func (s *Store) Close() error { return nil }

// Away makes the store fail, or come back.
func (s *Store) Away(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
	s.tell()
}

// State is a copy of what the store knows.
func (s *Store) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.Clone()
}

// Restore sets the store back, as from a backup.
func (s *Store) Restore(state State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = state.Clone()
	s.tell()
}

// Expire ends a session as a store does that heard nothing of it.
func (s *Store) Expire(session cluster.Session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.sessions[session.ID()]; ok {
		delete(s.sessions, session.ID())
		s.state.Expire(session.ID())
		close(known.lost)
		s.tell()
	}
}
