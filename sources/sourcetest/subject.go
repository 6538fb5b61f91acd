// Package sourcetest is the conformance suite of [sources.Source] and
// [sources.Store]: every implementation runs it against its real store.
//
//	func TestConformance(t *testing.T) {
//		sourcetest.Run(t, sourcetest.Subject{Open: open, OpenFaulty: openFaulty, AnyBytes: true})
//	}
//
// The tests use keys that a directory tree can hold too: no key is a folder of
// another one.
package sourcetest

import (
	"context"
	"testing"

	"concierge/sources"
)

// Subject is one implementation.
type Subject struct {
	// Open returns a new source over keys that no other test touches. It is
	// called once per test; what it starts ends by Cleanup.
	Open func(tb testing.TB) Fixture
	// OpenFaulty does the same on a store that the test may take away. Nil
	// leaves out the tests of outages, for a store that cannot be away.
	OpenFaulty func(tb testing.TB) Fixture
	// AnyBytes says that values may hold any bytes. Otherwise they are kept
	// to UTF-8 text.
	AnyBytes bool
}

// Fixture is one opened source.
type Fixture struct {
	Source sources.Source // closed by the suite if it is an io.Closer
	Name   string         // what queries name the source
	Root   string         // put in front of every key of the test, for example "test-1/"
	Writer Writer         // changes the store behind the source's back
	// Transact writes all pairs in one transaction of the store. Nil says
	// that the store has none.
	Transact func(ctx context.Context, pairs map[string]string) error
	// Outage takes the store away; only needed from OpenFaulty.
	Outage Outage
}

// Writer changes the store. Keys are full: they begin with [Fixture.Root].
// Calls may be concurrent.
type Writer interface {
	Put(ctx context.Context, key, value string) error
	Delete(ctx context.Context, key string) error
}

// Outage takes the store away and brings it back with its data. Both return
// when it is done, and fail the test if it cannot be done.
type Outage interface {
	Stop()
	Start()
}

// Run runs the suite as subtests of t.
func Run(t *testing.T, s Subject) {
	t.Run("Answers", s.answers)
	t.Run("Changes", s.changes)
	t.Run("Set", s.set)
	t.Run("Batches", s.batches)
	t.Run("Lifetime", s.lifetime)
	if s.OpenFaulty != nil {
		t.Run("Outages", s.outages)
	}
	if _, ok := s.Open(t).Source.(sources.Store); ok {
		t.Run("Store", s.store)
	}
}

// key returns the query for one key of the test.
func (f Fixture) key(path string) sources.Query {
	return sources.Query{Source: f.Name, Kind: sources.Key, Path: f.Root + path}
}

// tree returns the query for all keys of the test that start with prefix.
func (f Fixture) tree(prefix string) sources.Query {
	return sources.Query{Source: f.Name, Kind: sources.Tree, Path: f.Root + prefix}
}

// put writes pairs one after the other: key, value, key, value, …
func (f Fixture) put(tb testing.TB, pairs ...string) {
	tb.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if err := f.Writer.Put(tb.Context(), f.Root+pairs[i], pairs[i+1]); err != nil {
			tb.Fatalf("writing %s behind the source's back: %v", pairs[i], err)
		}
	}
}

func (f Fixture) delete(tb testing.TB, keys ...string) {
	tb.Helper()
	for _, key := range keys {
		if err := f.Writer.Delete(tb.Context(), f.Root+key); err != nil {
			tb.Fatalf("deleting %s behind the source's back: %v", key, err)
		}
	}
}
