package storetest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"concierge/cluster"
)

// contexts wants every call to end with its context while the server is silent.
func (s Subject) contexts(t *testing.T) {
	server, addr := s.Own(t)
	a := s.Dial(t, addr, "ns")
	o := open(t, a)
	must(t, a, put("k", "1"))
	w := watch(t, a, "")
	w.sees("k=1")
	server.Pause()
	defer server.Resume()
	for name, call := range map[string]func(context.Context) error{
		"read": func(ctx context.Context) error { _, err := a.Read(ctx, ""); return err },
		"commit": func(ctx context.Context) error {
			_, err := a.Commit(ctx, cluster.Txn{Then: []cluster.Write{put("k", "2")}})
			return err
		},
		"open":  func(ctx context.Context) error { _, err := a.Open(ctx, ttl); return err },
		"close": o.Close,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		begin := time.Now()
		err := call(ctx)
		if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > promptly/4 {
			t.Errorf("%s ended after %s with %v", name, took, err)
		}
		cancel()
	}
	w.stop()
	select {
	case <-w.done:
		if w.err != nil {
			t.Errorf("the end of a context is an error of a watch: %v", w.err)
		}
	case <-time.After(promptly):
		t.Error("the watch goes on")
	}
}

// leaveNothing is run alone: the goroutines of other tests would be seen.
func (s Subject) leaveNothing(t *testing.T) {
	a, _ := s.two(t)
	must(t, a, owned("mine", "1", open(t, a)))
	w := watch(t, a, "")
	w.sees("mine=1")
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.done:
		if w.err == nil {
			t.Error("a watch of a closed store ended without an error")
		}
	case <-time.After(promptly):
		t.Fatal("a watch of a closed store goes on")
	}
	eventually(t, promptly, "no goroutine of the store is left", func() bool { return !running() })
}

// running reports whether there are goroutines of an implementation, but for
// other tests, which wait for their turn.
func running() bool {
	for stack := range strings.SplitSeq(stacks(), "\n\n") {
		if strings.Contains(stack, "concierge/cluster/") && !strings.Contains(stack, "concierge/cluster/storetest") && !strings.Contains(stack, "testing.tRunner") {
			return true
		}
	}
	return false
}

func stacks() string {
	buf := make([]byte, 4<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

func (s Subject) closeStore(t *testing.T) {
	a, b := s.two(t)
	o := open(t, a)
	must(t, a, owned("mine", "1", o))
	closed := time.Now()
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if !lost(o) {
		t.Error("a session that nobody keeps any more is not lost")
	}
	if _, err := a.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{put("late", "1")}}); err == nil {
		t.Error("a closed store writes")
	}
	if err := o.Close(t.Context()); err == nil {
		t.Error("a closed store closes sessions")
	}
	eventually(t, s.Expiry(ttl)+promptly/2, "the keys of a dead owner vanish", func() bool { return version(t, b, "mine") == cluster.Absent })
	t.Logf("with a ttl of %s the keys vanished %s after their owner", ttl, time.Since(closed).Round(time.Millisecond))
}
