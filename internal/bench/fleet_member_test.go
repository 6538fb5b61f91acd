package bench

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"concierge/sources"
)

// fleetKeys is how many keys each instance wants, all of one directory.
const fleetKeys = 50

// opener opens the source of one more instance.
type opener func() (sources.Source, error)

// member is one instance: a source, and what it published.
type member struct {
	source sources.Source
	news   chan struct{} // one slot: something was published

	mu      sync.Mutex
	arrived map[string]time.Time // guarded by mu; by value, which no two changes share
}

// watch follows the keys until ctx ends.
func (m *member) watch(ctx context.Context, source string) {
	wanted := make(chan []sources.Query, 1)
	queries := make([]sources.Query, fleetKeys)
	for i := range queries {
		queries[i] = sources.Query{Source: source, Kind: sources.Key, Path: keyPath(fleetKeys, i)}
	}
	wanted <- queries
	m.source.Watch(ctx, wanted, m.publish)
	if c, ok := m.source.(io.Closer); ok {
		_ = c.Close()
	}
}

func (m *member) publish(u sources.Update) {
	now := time.Now()
	m.mu.Lock()
	for _, v := range u.Values {
		if pair, ok := v.Data.(sources.KeyPair); ok {
			if _, known := m.arrived[pair.Value]; !known {
				m.arrived[pair.Value] = now
			}
		}
	}
	m.mu.Unlock()
	select {
	case m.news <- struct{}{}:
	default:
	}
}

// await blocks until a value was published, and returns when that was.
func (m *member) await(ctx context.Context, value string) (time.Time, error) {
	for {
		m.mu.Lock()
		at, ok := m.arrived[value]
		m.mu.Unlock()
		if ok {
			return at, nil
		}
		select {
		case <-m.news:
		case <-ctx.Done():
			return time.Time{}, ctx.Err()
		}
	}
}

// fleet is many instances that want the same. Its methods are for one
// goroutine.
type fleet []*member

// startFleet starts n instances at once. They end with the test.
func startFleet(tb testing.TB, b backend, n int) fleet {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	tb.Cleanup(func() {
		cancel()
		watching.Wait()
	})
	f := make(fleet, n)
	for i := range f {
		source, err := b.open()
		if err != nil {
			tb.Fatal(err)
		}
		f[i] = &member{source: source, news: make(chan struct{}, 1), arrived: make(map[string]time.Time)}
	}
	for _, m := range f {
		watching.Go(func() { m.watch(ctx, b.name()) })
	}
	return f
}

// await blocks until every instance has published a value, and returns after
// how many seconds since begin each of them did.
func (f fleet) await(ctx context.Context, value string, begin time.Time) ([]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, fleetPatience)
	defer cancel()
	took := make([]float64, len(f))
	for i, m := range f {
		at, err := m.await(ctx, value)
		if err != nil {
			return nil, fmt.Errorf("waiting until instance %d of %d has %q: %w", i+1, len(f), value, err)
		}
		took[i] = at.Sub(begin).Seconds()
	}
	return took, nil
}

// complete wants every instance to have values of all keys.
func (f fleet) complete() error {
	for i, m := range f {
		m.mu.Lock()
		n := len(m.arrived)
		m.mu.Unlock()
		if n != fleetKeys {
			return fmt.Errorf("instance %d of %d has %d values, want %d", i+1, len(f), n, fleetKeys)
		}
	}
	return nil
}

// fleetPatience bounds the time until all have a value. It is longer than the
// longest back-off.
const fleetPatience = 2 * time.Minute
