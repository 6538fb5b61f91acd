package etcd_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/etcd"
)

func TestReadsWaitForTheBudgetAndEditsDoNot(t *testing.T) {
	t.Parallel()
	const perSecond, free = 10, 400
	server, prefix := testserver.Etcd(t), testserver.Prefix(t)
	s := open(t, etcd.Config{
		Endpoints: []string{server.Addr}, Prefix: prefix,
		Budget: sources.NewBudget(perSecond, slog.New(slog.DiscardHandler)),
	})
	read := func(n int) {
		for range n {
			if _, err := s.List(t.Context(), "a/"); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := time.Now()
	read(free)
	if read(20 + int(time.Since(begin).Seconds()*perSecond)); time.Since(begin) < 1900*time.Millisecond {
		t.Errorf("more reads than the budget has took %v", time.Since(begin))
	}
	begin = time.Now()
	for i := range uint64(50) {
		if err := s.Put(t.Context(), "a/k", "v", nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Put(t.Context(), "a/new"+string(rune('A'+i)), "v", new(uint64)); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(begin); took > 8*time.Second {
		t.Errorf("100 edits took %v: they wait for the budget", took)
	}
}

func TestChangesAreNotReadAndNeedNoBudget(t *testing.T) {
	t.Parallel()
	server, prefix := testserver.Etcd(t), testserver.Prefix(t)
	w := writer{client: rawClient(t, server), prefix: prefix}
	r := record(t, open(t, etcd.Config{
		Endpoints: []string{server.Addr}, Prefix: prefix,
		Budget: sources.NewBudget(1, slog.New(slog.DiscardHandler)), // 40 are free
	}), key("k"))
	begin := time.Now()
	for i := range 300 {
		put(t, w, "k", string(rune('A'+i)))
		r.value(key("k"), string(rune('A'+i)))
	}
	if took := time.Since(begin); took > 60*time.Second {
		t.Errorf("300 changes took %v: they wait for the budget", took)
	}
}

// arrivals is when each value of a key arrived at each instance of a fleet.
type arrivals struct {
	mu sync.Mutex
	at map[string][]time.Time // guarded by mu; by value
}

// watchAll starts instances that follow a key until the test ends.
func watchAll(t *testing.T, server *testserver.Server, instances int, q sources.Query) *arrivals {
	t.Helper()
	a := &arrivals{at: make(map[string][]time.Time)}
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	t.Cleanup(func() { cancel(); watching.Wait() })
	for range instances {
		s := open(t, etcd.Config{Endpoints: []string{server.Addr}})
		wanted := make(chan []sources.Query, 1)
		wanted <- []sources.Query{q}
		watching.Go(func() { s.Watch(ctx, wanted, func(u sources.Update) { a.note(u.Values[q]) }) })
	}
	return a
}

func (a *arrivals) note(v sources.Value) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if pair, ok := v.Data.(sources.KeyPair); ok {
		a.at[pair.Value] = append(a.at[pair.Value], time.Now())
	}
}

// await waits until a value has arrived so many times, and returns when.
func (a *arrivals) await(t *testing.T, value string, n int) []time.Time {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); ; time.Sleep(time.Millisecond) {
		a.mu.Lock()
		at := slices.Clone(a.at[value])
		a.mu.Unlock()
		if len(at) >= n {
			return at
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d instances have %q", len(at), n, value)
		}
	}
}

// TestFleetComesBackSpread restarts the server of many instances. In the order
// of their arrival, the middle eight of ten must not be in step.
func TestFleetComesBackSpread(t *testing.T) {
	t.Parallel()
	const instances = 40
	server := testserver.NewEtcd(t, testserver.EtcdOptions{})
	put(t, writer{client: rawClient(t, server)}, "k", "old")
	fleet := watchAll(t, server, instances, key("k"))
	fleet.await(t, "old", instances)
	server.Kill()
	time.Sleep(time.Second) // so long it is away
	server.Start()
	begin := time.Now()
	put(t, writer{client: rawClient(t, server)}, "k", "new")
	back := fleet.await(t, "new", instances)
	if middle := back[instances*9/10].Sub(back[instances/10]); middle < 500*time.Millisecond {
		t.Errorf("they come back within %v", middle)
	}
	if half := back[instances/2].Sub(begin); half > 6*time.Second {
		t.Errorf("half of them are back after %v only", half)
	}
}
