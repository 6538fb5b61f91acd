package election_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/cluster"
	"concierge/cluster/election"
	"concierge/cluster/storetest/servers"
	"concierge/internal/testserver"
)

const (
	ttl      = 10 * time.Second
	promptly = 15 * time.Second
)

// sessions opens one when the last is lost.
type sessions struct {
	store cluster.Store

	mu      sync.Mutex
	current cluster.Session // guarded by mu
}

func (s *sessions) Session(ctx context.Context) (cluster.Session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		select {
		case <-s.current.Lost():
		default:
			return s.current, nil
		}
	}
	for {
		o, err := s.store.Open(ctx, ttl)
		if err == nil {
			s.current = o
			return o, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

type candidate struct {
	*election.Candidate
	id       string
	store    cluster.Store
	sessions *sessions
	stop     func()
}

// stand runs a candidate until the test ends, or its stop is called.
func stand(t *testing.T, s cluster.Store, id string) *candidate {
	t.Helper()
	c := &candidate{id: id, store: s, sessions: &sessions{store: s}}
	var err error
	c.Candidate, err = election.New(election.Config{
		Store: s, Sessions: c.sessions, Service: "web", ID: id, Incarnation: id + "-life", TTL: ttl,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { c.Run(ctx) })
	c.stop = func() { cancel(); run.Wait() }
	t.Cleanup(c.stop)
	return c
}

// elected waits until one of them leads, and wants it to be one alone.
func elected(t *testing.T, within time.Duration, all ...*candidate) (leader *candidate, term cluster.Version) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); leader == nil; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("nobody was elected within %s", within)
		}
		for _, c := range all {
			v, leading := c.Leading()
			switch {
			case leading && leader != nil:
				t.Errorf("%s leads in term %d and %s in %d", leader.id, term, c.id, v)
			case leading:
				leader, term = c, v
			}
		}
	}
	return leader, term
}

func others(all []*candidate, but *candidate) (rest []*candidate) {
	for _, c := range all {
		if c != but {
			rest = append(rest, c)
		}
	}
	return rest
}

func TestOneOfManyLeadsAndTheNextFollowsWhenItResigns(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		var all []*candidate
		for i := range 10 {
			all = append(all, stand(t, n.Dial(), fmt.Sprint("c", i)))
		}
		last := cluster.Absent
		for range 3 {
			leader, term := elected(t, promptly, all...)
			if term <= last {
				t.Errorf("term %d follows %d", term, last)
			}
			last = term
			begin := time.Now()
			leader.stop()
			if _, leading := leader.Leading(); leading {
				t.Error("who has resigned leads")
			}
			all = others(all, leader)
			_, _ = elected(t, promptly, all...)
			t.Logf("the next led %s after the last resigned", time.Since(begin).Round(time.Millisecond))
		}
	})
}

func TestDeadLeaderIsFollowedWhenItsSessionEnds(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		all := []*candidate{stand(t, n.Dial(), "a"), stand(t, n.Dial(), "b")}
		leader, term := elected(t, promptly, all...)
		begin := time.Now()
		if err := leader.store.Close(); err != nil { // as kill -9 would
			t.Fatal(err)
		}
		rest := others(all, leader)
		_, next := elected(t, n.Expiry(ttl)+promptly, rest...)
		t.Logf("with a ttl of %s another led %s after the leader died", ttl, time.Since(begin).Round(time.Millisecond))
		if next <= term {
			t.Errorf("term %d follows %d", next, term)
		}
		done, err := rest[0].store.Commit(t.Context(), cluster.Txn{
			If:   []cluster.Condition{{Key: election.Key("web"), Version: term}},
			Then: []cluster.Write{{Key: "late", Value: []byte("late")}},
		})
		if err != nil || done {
			t.Errorf("a transaction of the old term: %t, %v", done, err)
		}
	})
}

func TestLostSessionEndsTheTermAndANewOneBegins(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		a := stand(t, n.Dial(), "a")
		_, term := elected(t, promptly, a)
		o, err := a.sessions.Session(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, leading := a.Leading(); leading {
			t.Error("leads with a session that has ended")
		}
		if _, next := elected(t, promptly, a); next <= term {
			t.Errorf("term %d follows %d", next, term)
		}
	})
}

func TestKeyOfAnEarlierSessionOfTheSameLifeIsTakenOver(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		s := n.Dial()
		old, err := s.Open(t.Context(), ttl)
		if err != nil {
			t.Fatal(err)
		}
		value, err := json.Marshal(election.Leader{ID: "a", Incarnation: "a-life", Session: old.ID()})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: election.Key("web"), Value: value, Session: old}}}); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		_, term := elected(t, promptly, stand(t, n.Dial(), "a"))
		if took := time.Since(begin); took > ttl/2 {
			t.Errorf("it took %s: the old session was waited for", took)
		}
		if err := old.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		v, err := s.Read(t.Context(), election.Key("web"))
		if err != nil || v.Get(election.Key("web")).Version != term {
			t.Errorf("the end of the old session changed the key: %v, %v", v, err)
		}
	})
}

func TestServiceIsNotLedByTheLeaderOfAnotherWithALongerName(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		s := n.Dial()
		if _, err := s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: election.Key("web-admin"), Value: []byte("{}")}}}); err != nil {
			t.Fatal(err)
		}
		_, _ = elected(t, promptly, stand(t, n.Dial(), "a"))
	})
}

func TestLeaderOfASilentStoreStopsInHalfTheTTL(t *testing.T) {
	t.Parallel()
	etcd, consul := testserver.NewEtcd(t, testserver.EtcdOptions{}), testserver.NewConsul(t, testserver.ConsulOptions{})
	for name, c := range map[string]struct {
		server *testserver.Server
		store  cluster.Store
	}{
		"etcd":   {etcd, servers.DialEtcd(t, clientv3.Config{Endpoints: []string{etcd.Addr}}, "ns")},
		"consul": {consul, servers.DialConsul(t, api.Config{Address: consul.Addr}, "ns")},
	} {
		t.Run(name, func(t *testing.T) {
			a := stand(t, c.store, "a")
			_, term := elected(t, promptly, a)
			c.server.Pause()
			begin := time.Now()
			for leading := true; leading; _, leading = a.Leading() {
				if time.Since(begin) > ttl/2+time.Second {
					c.server.Resume()
					t.Fatalf("leads %s after the store was heard of", time.Since(begin))
				}
				time.Sleep(10 * time.Millisecond)
			}
			c.server.Resume()
			if _, next := elected(t, promptly, a); next != term {
				t.Errorf("term %d became %d although the session lives", term, next)
			}
		})
	}
}

// counted counts the transactions of candidates.
type counted struct {
	cluster.Store
	n *atomic.Int32
}

func (c counted) Commit(ctx context.Context, t cluster.Txn) (bool, error) {
	c.n.Add(1)
	return c.Store.Commit(ctx, t)
}

func TestEndOfALeaderIsNoStorm(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		const fleet = 30
		var commits atomic.Int32
		s := counted{n.Dial(), &commits}
		first := stand(t, s, "first")
		_, _ = elected(t, promptly, first)
		var all []*candidate
		for i := range fleet {
			all = append(all, stand(t, s, fmt.Sprint("c", i)))
			if _, err := all[i].sessions.Session(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Second) // all are watching; those that are not stand at once and are counted
		commits.Store(0)
		first.stop()
		_, _ = elected(t, promptly, all...)
		time.Sleep(time.Second) // the turns of all others have come
		if n := commits.Load(); n > fleet/2 {
			t.Errorf("%d transactions of %d candidates for one election", n, fleet)
		}
		t.Logf("%d transactions of %d candidates", commits.Load(), fleet)
	})
}

func TestNamelessCandidateIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := election.New(election.Config{Service: "web", ID: "a"}); err == nil || !strings.Contains(err.Error(), "cluster.instance") {
		t.Errorf("error is %v", err)
	}
}
