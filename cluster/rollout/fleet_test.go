package rollout_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/cluster/rollout"
	"concierge/cluster/storetest/servers"
)

const (
	service = "web"
	set     = "web.main"
	ttl     = 10 * time.Second
	allowed = 2 // in change at once
)

// fleet is five instances with a client of the store each, and what the sources
// say to all of them.
type fleet struct {
	*testing.T
	store cluster.Store // of the test itself
	all   []*fellow

	mu   sync.Mutex // guards all below
	live string
	at   uint64
	in   int
	most int
}

func release(text string) rollout.Release {
	return rollout.Release{Values: map[string][]byte{"kv(x)": []byte(text)}}
}

func newFleet(t *testing.T, ns servers.Namespace) *fleet {
	f := &fleet{T: t, store: ns.Dial(), live: "A", at: 1}
	for i := range 5 {
		f.all = append(f.all, f.join(fmt.Sprint("web-", i), ns.Dial()))
	}
	return f
}

func (f *fleet) count(by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.in += by
	f.most = max(f.most, f.in)
}

func (f *fleet) edit(text string) {
	f.mu.Lock()
	f.live, f.at = text, f.at+1
	f.mu.Unlock()
	for _, l := range f.all {
		l.leader.Nudge()
	}
}

// until waits for a state of the set.
func (f *fleet) until(what string, within time.Duration, ok func(rollout.View) bool) rollout.View {
	f.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); ; <-tick.C {
		state, err := f.store.Read(f.Context(), rollout.Prefix(set))
		acks, err2 := f.store.Read(f.Context(), rollout.AckPrefix(set))
		if err != nil || err2 != nil {
			f.Fatal(err, err2)
		}
		v, err := rollout.Parse(set, state, acks)
		if err == nil && ok(v) {
			return v
		}
		if time.Now().After(end) {
			f.Fatalf("not within %v: %s; the record is %+v, slots %v, acknowledgements %v, %v", within, what, v.Record, v.Slots, v.Acks, err)
		}
	}
}

// allRun says what the fleet says of itself.
func (f *fleet) allRun(text string, n int) func(rollout.View) bool {
	return func(v rollout.View) bool {
		list, err := f.all[len(f.all)-1].Read(f.Context())
		return err == nil && len(list) == n && len(v.Slots) == 0 &&
			!slices.ContainsFunc(list, func(m rollout.Member) bool { return m.Running != release(text).ID() })
	}
}

func (f *fleet) is(state rollout.State, text string, n int) func(rollout.View) bool {
	all := f.allRun(text, n)
	return func(v rollout.View) bool {
		return v.Record.State == state && v.Good.Release == release(text).ID() && all(v)
	}
}

// killLeader kills who leads, and returns how many are left.
func (f *fleet) killLeader() int {
	i := slices.IndexFunc(f.all, func(l *fellow) bool { _, ok := l.Term(); return ok })
	if i < 0 {
		f.Fatal("nobody leads")
	}
	f.all[i].kill()
	f.all = slices.Delete(f.all, i, i+1)
	return len(f.all)
}

func TestFleetOnRealStores(t *testing.T) {
	servers.Each(t, func(t *testing.T, ns servers.Namespace) {
		f := newFleet(t, ns)
		f.until("the first release is everywhere", 20*time.Second, f.is(rollout.Complete, "A", 5))
		f.edit("B")
		f.until("a good edit is everywhere", 20*time.Second, f.is(rollout.Complete, "B", 5))
		f.edit("bad C")
		v := f.until("a bad edit is taken back", 20*time.Second, f.is(rollout.RolledBack, "B", 5))
		if len(v.Acks) > 5 || !slices.Contains(v.Record.Bad, release("bad C").ID()) {
			t.Errorf("the refused releases are %v", v.Record.Bad)
		}
		f.edit("D")
		f.until("the next edit begins", 10*time.Second, func(v rollout.View) bool { return v.Record.To == release("D").ID() && len(v.Slots) > 0 })
		left := f.killLeader()
		f.until("the next leader ends it", ns.Expiry(ttl)+20*time.Second, f.is(rollout.Complete, "D", left))
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.most < 1 || f.most > allowed {
			t.Errorf("%d were in change at once, and %d may be", f.most, allowed)
		}
	})
}
