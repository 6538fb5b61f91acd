package consul_test

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// follower runs Watch and keeps what it published.
type follower struct {
	t      *testing.T
	wanted chan []sources.Query

	mu      sync.Mutex
	updates []sources.Update
	values  map[sources.Query]sources.Value
	failed  map[sources.Query]error
	away    bool
}

// follow watches until the test ends, or stop is called.
func follow(t *testing.T, s *consul.Source, queries ...sources.Query) *follower {
	t.Helper()
	f := &follower{
		t:      t,
		wanted: make(chan []sources.Query),
		values: make(map[sources.Query]sources.Value),
		failed: make(map[sources.Query]error),
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, f.wanted, f.take)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	f.want(queries...)
	return f
}

func (f *follower) take(u sources.Update) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.updates = append(f.updates, u)
	f.away = u.Err != nil
	for q, v := range u.Values {
		f.values[q] = v
		delete(f.failed, q)
	}
	maps.Copy(f.failed, u.Failed)
}

func (f *follower) want(queries ...sources.Query) {
	f.t.Helper()
	select {
	case f.wanted <- queries:
	case <-time.After(10 * time.Second):
		f.t.Fatal("Watch does not take a new set")
	}
}

// await waits until what was published satisfies ok.
func (f *follower) await(what string, ok func() bool) {
	f.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		f.mu.Lock()
		done := ok()
		f.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("no %s; updates: %.4000s", what, fmt.Sprintf("%+v", f.all()))
		}
		time.Sleep(time.Millisecond)
	}
}

func (f *follower) awaitValue(q sources.Query, want string) {
	f.t.Helper()
	f.await(q.String()+" = "+want, func() bool {
		kp, _ := f.values[q].Data.(sources.KeyPair)
		return f.values[q].Exists && kp.Value == want
	})
}

func (f *follower) awaitAbsent(q sources.Query) {
	f.t.Helper()
	f.await("absence of "+q.String(), func() bool {
		v, known := f.values[q]
		return known && !v.Exists
	})
}

func (f *follower) awaitFailed(q sources.Query) error {
	f.t.Helper()
	f.await("failure of "+q.String(), func() bool { return f.failed[q] != nil })
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed[q]
}

func (f *follower) awaitAway() { f.t.Helper(); f.await("outage", func() bool { return f.away }) }
func (f *follower) awaitBack() {
	f.t.Helper()
	f.await("end of the outage", func() bool { return !f.away })
}

func (f *follower) all() []sources.Update {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]sources.Update(nil), f.updates...)
}

// errors counts the outages that were reported.
func (f *follower) errors() (n int) {
	for _, u := range f.all() {
		if u.Err != nil {
			n++
		}
	}
	return n
}

func (f *follower) value(q sources.Query) sources.Value {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.values[q]
}

func open(t *testing.T, cfg consul.Config) *consul.Source {
	t.Helper()
	s, err := consul.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func shared(t *testing.T) *consul.Source {
	return open(t, consul.Config{Address: testserver.Consul(t).Addr})
}

func put(t *testing.T, s *consul.Source, key, value string) {
	t.Helper()
	if err := s.Put(t.Context(), key, value, nil); err != nil {
		t.Fatal(err)
	}
}

func key(path string) sources.Query {
	return sources.Query{Source: "consul", Kind: sources.Key, Path: path}
}

func tree(path string) sources.Query {
	return sources.Query{Source: "consul", Kind: sources.Tree, Path: path}
}
