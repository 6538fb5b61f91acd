package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/internal/testserver"
)

func (s Subject) closeSession(t *testing.T) {
	a, b := s.two(t)
	o := open(t, a)
	must(t, a, owned("mine", "1", o), put("plain", "1"))
	v := read(t, b, "")
	if wants(t, v, "mine=1", "plain=1"); !v.Get("mine").Owned || v.Get("plain").Owned {
		t.Errorf("owned: %t and %t", v.Get("mine").Owned, v.Get("plain").Owned)
	}
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, read(t, b, ""), "plain=1")
	if !lost(o) {
		t.Error("a closed session is not lost")
	}
	if err := o.Close(t.Context()); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

func (s Subject) endedSession(t *testing.T) {
	a, b := s.two(t)
	o := open(t, a)
	if err := o.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := a.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{put("plain", "1"), owned("mine", "1", o)}})
	if !errors.Is(err, cluster.ErrLost) {
		t.Errorf("error is %v", err)
	}
	wants(t, read(t, b, ""))
}

// takeOver is what an instance does whose session was lost before the store
// deleted its keys.
func (s Subject) takeOver(t *testing.T) {
	a, b := s.two(t)
	old, young := open(t, a), open(t, b)
	must(t, a, owned("mine", "old", old), owned("again", "1", old))
	must(t, a, owned("again", "2", old))
	v := version(t, b, "mine")
	if commit(t, b, only(when("mine", cluster.Absent)), owned("mine", "young", young)) {
		t.Error("a key that is owned passed for absent")
	}
	if !commit(t, b, only(when("mine", v)), owned("mine", "young", young)) {
		t.Error("not taken over by its version")
	}
	if err := old.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(t, read(t, b, ""), "mine=young")
	if err := young.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	must(t, b, owned("mine", "third", open(t, b)))
}

// alone is a client behind a relay, and one that sees what becomes of it.
func (s Subject) alone(t *testing.T) (*testserver.Relay, cluster.Store, cluster.Store) {
	t.Helper()
	addr, namespace := s.Shared(t), testserver.Prefix(t)
	r := testserver.NewRelay(t, addr)
	return r, s.Dial(t, r.Addr(), namespace), s.Dial(t, addr, namespace)
}

func (s Subject) cutOff(t *testing.T) {
	r, a, b := s.alone(t)
	o := open(t, a)
	must(t, a, owned("mine", "1", o))
	w := watch(t, b, "")
	w.sees("mine=1")
	r.Cut(true)
	cut := time.Now()
	eventually(t, s.Expiry(ttl)+promptly/2, "the keys vanish", func() bool { v := w.seen(); return len(v[len(v)-1].Entries) == 0 })
	t.Logf("with a ttl of %s the keys vanished %s after the cut", ttl, time.Since(cut).Round(time.Millisecond))
	if took := time.Since(cut); took < ttl/2 {
		t.Errorf("the keys vanished after %s: self-fencing at half the ttl comes too late", took)
	}
	if lost(o) || o.Fresh() < ttl/2 {
		t.Errorf("a session cut off %s ago: lost %t, fresh %s", time.Since(cut), lost(o), o.Fresh())
	}
	r.Cut(false)
	eventually(t, 2*ttl, "the session is lost when the store says so", func() bool { return lost(o) })
	must(t, a, owned("mine", "2", open(t, a)))
	w.sees("mine=2")
}

// lostSession has the owner connected and the session ended by an operator:
// here by another client that takes its time.
func (s Subject) lostSession(t *testing.T) {
	r, a, b := s.alone(t)
	o := open(t, a)
	must(t, a, owned("mine", "1", o))
	r.Cut(true)
	eventually(t, s.Expiry(ttl)+promptly/2, "the keys vanish", func() bool { return version(t, b, "mine") == cluster.Absent })
	r.Cut(false)
	retried(t, "a write with the session is refused for good", func(ctx context.Context) error {
		_, err := a.Commit(ctx, cluster.Txn{Then: []cluster.Write{owned("mine", "late", o)}})
		if errors.Is(err, cluster.ErrLost) {
			return nil
		}
		if err == nil {
			t.Fatal("an ended session wrote")
		}
		return err
	})
	wants(t, read(t, b, ""))
}

func (s Subject) restart(t *testing.T) {
	server, addr := s.Own(t)
	a := s.Dial(t, addr, "ns")
	o := open(t, a)
	must(t, a, owned("mine", "1", o))
	v := version(t, a, "mine")
	server.Kill()
	server.Start()
	retried(t, "the server takes a write again", func(ctx context.Context) error {
		_, err := a.Commit(ctx, cluster.Txn{Then: []cluster.Write{put("plain", "1")}})
		return err
	})
	eventually(t, ttl, "the session is renewed", func() bool { return o.Fresh() < ttl/4 })
	if lost(o) {
		t.Error("the session was lost although the server came back at once")
	}
	if e := read(t, a, "").Get("mine"); e.Version != v || !e.Owned {
		t.Errorf("the key has version %d instead of %d, owned %t", e.Version, v, e.Owned)
	}
}

func (s Subject) fresh(t *testing.T) {
	server, addr := s.Own(t)
	o := open(t, s.Dial(t, addr, "ns"))
	if o.Fresh() > ttl/3 {
		t.Errorf("a new session is %s old", o.Fresh())
	}
	server.Pause()
	eventually(t, ttl, "Fresh grows beyond half the ttl", func() bool { return o.Fresh() > ttl/2 })
	server.Resume()
	eventually(t, 2*ttl, "Fresh is near zero again", func() bool { return o.Fresh() < ttl/5 })
	if lost(o) {
		t.Error("a pause shorter than the ttl lost the session")
	}
}
