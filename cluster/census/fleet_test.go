package census_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/cluster/census"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/cluster/storetest/servers"
)

const (
	ttl      = 10 * time.Second
	promptly = 15 * time.Second
)

// node is one instance of a fleet, with a client of its own.
type node struct {
	id        string
	store     cluster.Store
	announcer *member.Announcer
	candidate *election.Candidate
	clerk     *census.Clerk
	stop      func() // in order
}

// kill ends the node as kill -9 would: nothing more is said in its name.
func (n *node) kill() {
	_ = n.store.Close()
	n.stop()
}

func (n *node) leads() bool {
	_, leading := n.candidate.Leading()
	return leading
}

// start runs an instance until the test ends, or it is stopped or killed. more
// are run beside it.
func start(t *testing.T, names servers.Namespace, id string, more ...func(*node) func(context.Context)) *node {
	t.Helper()
	n := &node{id: id, store: names.Dial()}
	var err error
	n.announcer, err = member.New(member.Config{Store: n.store, Service: "web", Instance: member.Instance{ID: id}, TTL: ttl, Every: 50 * time.Millisecond})
	must(t, err)
	n.candidate, err = election.New(election.Config{
		Store: n.store, Sessions: n.announcer, Service: "web", ID: id, Incarnation: n.announcer.Instance().Incarnation, TTL: ttl,
	})
	must(t, err)
	roster := &member.Roster{Store: n.store, Service: "web"}
	n.clerk, err = census.New(census.Config{
		Store: n.store, Sessions: n.announcer, Office: n.candidate, Crew: roster, Service: "web",
		Numbers: []string{"load"}, Wanted: 3, TTL: ttl, Every: 100 * time.Millisecond,
	})
	must(t, err)
	n.run(t, n.announcer.Run, n.candidate.Run, n.attending(roster), n.clerk.Run)
	for _, m := range more {
		n.run(t, m(n))
	}
	return n
}

// attending follows the others while the node leads, as an instance does.
func (n *node) attending(r *member.Roster) func(context.Context) {
	return func(ctx context.Context) {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		var watch sync.WaitGroup
		defer watch.Wait()
		stop := func() {}
		for following := false; ; {
			if leads := n.leads(); leads != following {
				following = leads
				stop()
				watch.Wait()
				stop = func() {}
				if leads {
					var with context.Context
					with, stop = context.WithCancel(ctx)
					watch.Go(func() { r.Run(with) })
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				stop()
				return
			}
		}
	}
}

// run runs the parts; those that begin first end last.
func (n *node) run(t *testing.T, parts ...func(context.Context)) {
	for _, part := range parts {
		ctx, cancel := context.WithCancel(context.Background())
		var done sync.WaitGroup
		done.Go(func() { part(ctx) })
		before := n.stop
		n.stop = sync.OnceFunc(func() {
			cancel()
			done.Wait()
			if before != nil {
				before()
			}
		})
	}
	t.Cleanup(n.stop)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually repeats look until it is true, at most for so long.
func eventually(t *testing.T, within time.Duration, what string, look func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); !look(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func leader(t *testing.T, within time.Duration, all ...*node) (found *node) {
	t.Helper()
	eventually(t, within, "one leads", func() bool {
		i := slices.IndexFunc(all, (*node).leads)
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	})
	return found
}

func others(all []*node, but *node) []*node {
	return slices.DeleteFunc(slices.Clone(all), func(n *node) bool { return n == but })
}

// counted waits for counts in the store.
func counted(t *testing.T, s cluster.Store, within time.Duration, what string, ok func(census.Counts) bool) {
	t.Helper()
	var last census.Counts
	var there bool
	defer func() {
		if t.Failed() {
			t.Logf("counts are %+v, %t", last, there)
		}
	}()
	eventually(t, within, what, func() bool {
		var err error
		last, there, err = census.ReadCounts(t.Context(), s, "web")
		must(t, err)
		return there && ok(last)
	})
}
