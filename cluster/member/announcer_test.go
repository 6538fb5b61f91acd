package member_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/cluster/member"
	"concierge/cluster/storetest/servers"
)

const (
	ttl      = 10 * time.Second
	promptly = 15 * time.Second
)

// announce runs an announcer until stop is called, which awaits its end.
func announce(t *testing.T, s cluster.Store, id string, change ...func(*member.Config)) (a *member.Announcer, stop func()) {
	t.Helper()
	cfg := member.Config{
		Store: s, Service: "web", TTL: ttl, Every: 500 * time.Millisecond,
		Instance: member.Instance{ID: id, Address: "10.0.0.1", Ports: map[string]int{"http": 80}, Labels: map[string]string{"zone": "a"}},
	}
	for _, c := range change {
		c(&cfg)
	}
	a, err := member.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { a.Run(ctx) })
	stop = func() { cancel(); run.Wait() }
	t.Cleanup(stop)
	return a, stop
}

// follow runs a roster until the test ends.
func follow(t *testing.T, s cluster.Store) *member.Roster {
	t.Helper()
	r := &member.Roster{Store: s, Service: "web"}
	ctx, cancel := context.WithCancel(t.Context())
	var run sync.WaitGroup
	run.Go(func() { r.Run(ctx) })
	t.Cleanup(func() { cancel(); run.Wait() })
	return r
}

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

// there waits until just these are there.
func there(t *testing.T, r *member.Roster, within time.Duration, ids ...string) {
	t.Helper()
	eventually(t, within, "there are "+strings.Join(ids, ", "), func() bool {
		peers, current := r.Peers()
		var got []string
		for _, p := range peers {
			got = append(got, p.ID)
		}
		return current && slices.Equal(got, ids)
	})
}

// status waits until the peer of that name says so.
func phase(t *testing.T, r *member.Roster, id, want string) {
	t.Helper()
	eventually(t, promptly, id+" is "+want, func() bool {
		p := peer(r, id)
		return p.Status != nil && p.Status.Phase == want
	})
}

func peer(r *member.Roster, id string) member.Peer {
	peers, _ := r.Peers()
	for _, p := range peers {
		if p.ID == id {
			return p
		}
	}
	return member.Peer{}
}

func TestInstancesSeeEachOtherUntilOneLeaves(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		r := follow(t, n.Dial())
		a, stopA := announce(t, n.Dial(), "a/1")
		_, _ = announce(t, n.Dial(), "b")
		there(t, r, promptly, "a/1", "b")
		if p := peer(r, "a/1"); p.Address != "10.0.0.1" || p.Ports["http"] != 80 || p.Labels["zone"] != "a" || p.Incarnation != a.Instance().Incarnation {
			t.Errorf("peer is %+v", p)
		}
		eventually(t, promptly, "Err is nil", func() bool { return a.Err() == nil })
		stopA()
		there(t, r, promptly, "b")
	})
}

func TestLastWordsOutliveTheInstance(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		s := n.Dial()
		r := follow(t, s)
		a, stop := announce(t, s, "a")
		a.Report(member.Status{Phase: "running"})
		phase(t, r, "a", "running")
		a.LastWords(member.LastWords{ExitCode: 7, Signal: "TERM", Releases: map[string]string{"web": "r1"}})
		stop()
		there(t, r, promptly)
		w, err := member.ReadLastWords(t.Context(), s, "web", "a")
		if err != nil || w == nil || w.ExitCode != 7 || w.Signal != "TERM" || w.Incarnation != a.Instance().Incarnation {
			t.Errorf("last words are %+v, %v", w, err)
		}
		if v, err := s.Read(t.Context(), ""); err != nil || len(v.Entries) != 1 {
			t.Errorf("there is more than the last words: %v, %v", v, err)
		}
	})
}

func TestFirstStatusIsWrittenAtOnceAndTheLastWins(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		every := time.Second
		s := n.Dial()
		var mu sync.Mutex
		var seen []string
		r := &member.Roster{Store: n.Dial(), Service: "web", Changed: func(peers []member.Peer) {
			mu.Lock()
			defer mu.Unlock()
			if len(peers) == 1 && peers[0].Status != nil {
				seen = append(seen, peers[0].Status.Phase)
			}
		}}
		ctx, cancel := context.WithCancel(t.Context())
		var run sync.WaitGroup
		run.Go(func() { r.Run(ctx) })
		defer run.Wait()
		defer cancel()
		a, _ := announce(t, s, "a", func(c *member.Config) { c.Every = every })
		there(t, r, promptly, "a")
		begin := time.Now()
		a.Report(member.Status{Phase: "0"})
		phase(t, r, "a", "0")
		if took := time.Since(begin); took > every {
			t.Errorf("the first status took %s", took)
		}
		for _, p := range []string{"1", "2", "3", "last"} {
			a.Report(member.Status{Phase: p})
		}
		phase(t, r, "a", "last")
		if took := time.Since(begin); took < every {
			t.Errorf("the second status was written after %s, sooner than every %s", took, every)
		}
		mu.Lock()
		defer mu.Unlock()
		if got := slices.Compact(seen); !slices.Equal(got, []string{"0", "last"}) {
			t.Errorf("statuses %q were written", got)
		}
	})
}

func TestChangeIsToldWithinASecondAndANumberWithTheRest(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		s := n.Dial()
		r := follow(t, s)
		a, _ := announce(t, s, "a", func(c *member.Config) { c.Every = time.Hour })
		there(t, r, promptly, "a")
		load := func() float64 {
			p := peer(r, "a")
			if p.Status == nil {
				return 0
			}
			return p.Status.Numbers["load"]
		}
		told := member.Status{Phase: "running", Health: "healthy", Numbers: map[string]float64{"load": 1}}
		a.Report(told)
		eventually(t, promptly, "the first status is there", func() bool { return load() == 1 })
		told.Numbers = map[string]float64{"load": 2}
		a.Report(told)
		time.Sleep(1500 * time.Millisecond)
		if load() != 1 {
			t.Error("a number alone was written before its time")
		}
		for at, change := range []func(){
			func() { told.Phase = "changing" },
			func() { told.Health = "unhealthy" },
			func() { told.Releases = map[string]string{"app": "r1"} },
		} {
			change()
			told.Numbers = map[string]float64{"load": float64(at) + 3}
			a.Report(told)
			eventually(t, 3*time.Second, "the change is there, and the numbers with it", func() bool { return load() == float64(at)+3 })
		}
	})
}

func TestSecondLifeOfANameWaitsForTheFirst(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		first := n.Dial()
		r := follow(t, n.Dial())
		a, _ := announce(t, first, "a")
		there(t, r, promptly, "a")
		b, _ := announce(t, n.Dial(), "a")
		b.Report(member.Status{Phase: "second"})
		eventually(t, promptly, "the second says that the name is taken", func() bool { return errors.Is(b.Err(), member.ErrTaken) })
		if text := b.Err().Error(); !strings.Contains(text, "cluster.instance") || !strings.Contains(text, a.Instance().Incarnation) {
			t.Errorf("the error says neither who nor what to do: %s", text)
		}
		if p := peer(r, "a"); p.Incarnation != a.Instance().Incarnation || p.Status != nil {
			t.Errorf("the second life touched the first: %+v", p)
		}
		if err := first.Close(); err != nil { // as kill -9 would
			t.Fatal(err)
		}
		eventually(t, n.Expiry(ttl)+promptly, "the second is there", func() bool { return peer(r, "a").Incarnation == b.Instance().Incarnation })
		phase(t, r, "a", "second")
		eventually(t, promptly, "Err is nil", func() bool { return b.Err() == nil })
	})
}

func TestEverythingIsAssertedAgainAfterTheSessionIsLost(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		s := n.Dial()
		r := follow(t, n.Dial())
		a, _ := announce(t, s, "a")
		a.Report(member.Status{Phase: "running"})
		phase(t, r, "a", "running")
		before, o := peer(r, "a"), session(t, a)
		if err := o.Close(t.Context()); err != nil { // as an operator may
			t.Fatal(err)
		}
		eventually(t, promptly, "it is there with a new session", func() bool {
			p := peer(r, "a")
			return p.Announced > before.Announced && p.Session != o.ID() && p.Status != nil && p.Status.Phase == "running"
		})
		if after := peer(r, "a"); after.Incarnation != before.Incarnation {
			t.Error("the life changed with the session")
		}
		if again := session(t, a); again.ID() == o.ID() {
			t.Error("the lost session is given out")
		}
	})
}

func TestDeletedAnnouncementIsMadeAgain(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		s := n.Dial()
		r := follow(t, s)
		a, _ := announce(t, n.Dial(), "a")
		a.Report(member.Status{Phase: "running"})
		phase(t, r, "a", "running")
		o := session(t, a)
		before := peer(r, "a").Announced
		if _, err := s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{
			{Key: member.InstanceKey("web", "a"), Delete: true}, {Key: member.StatusKey("web", "a"), Delete: true},
		}}); err != nil {
			t.Fatal(err)
		}
		eventually(t, promptly, "it is there again", func() bool { p := peer(r, "a"); return p.Announced > before && p.Status != nil })
		if session(t, a) != o {
			t.Error("the session was changed although it was not lost")
		}
	})
}

func TestBadRecordHidesOneInstanceAlone(t *testing.T) {
	servers.Each(t, func(t *testing.T, n servers.Namespace) {
		s := n.Dial()
		for key, value := range map[string]string{"inst/web/bad": "{", "inst/web/nameless": "{}", "stat/web/a": "[]", "inst/other/x": "{}"} {
			if _, err := s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: key, Value: []byte(value)}}}); err != nil {
				t.Fatal(err)
			}
		}
		r := follow(t, s)
		_, _ = announce(t, n.Dial(), "a")
		there(t, r, promptly, "a")
	})
}

func TestNamelessInstanceIsRefused(t *testing.T) {
	t.Parallel()
	for _, cfg := range []member.Config{{Service: "web"}, {Instance: member.Instance{ID: "a"}}} {
		if _, err := member.New(cfg); err == nil || !strings.Contains(err.Error(), "cluster.instance") {
			t.Errorf("error is %v", err)
		}
	}
}

func session(t *testing.T, a *member.Announcer) cluster.Session {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), promptly)
	defer cancel()
	o, err := a.Session(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return o
}
