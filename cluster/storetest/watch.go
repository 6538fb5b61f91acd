package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/cluster"
)

// watcher collects what a watch tells.
type watcher struct {
	t    *testing.T
	stop context.CancelFunc
	done chan struct{}

	mu    sync.Mutex
	views []cluster.View // guarded by mu
	err   error          // of the watch; after done
}

func watch(t *testing.T, s cluster.Store, prefix string) *watcher {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	w := &watcher{t: t, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = s.Watch(ctx, prefix, w.see)
	}()
	t.Cleanup(func() {
		stop()
		<-w.done
		w.revisions()
	})
	return w
}

func (w *watcher) see(v cluster.View) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.views = append(w.views, v)
}

func (w *watcher) seen() []cluster.View {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.views)
}

// sees waits for a last view of just this.
func (w *watcher) sees(want ...string) {
	w.t.Helper()
	eventually(w.t, promptly, "the watch tells "+strings.Join(want, " "), func() bool {
		views := w.seen()
		return len(views) > 0 && slices.Equal(texts(views[len(views)-1]), want)
	})
}

// revisions checks that none was smaller than the one before, and that nobody
// changed a view that was given away.
func (w *watcher) revisions() {
	views := w.seen()
	for i, v := range views[min(1, len(views)):] {
		if v.Revision < views[i].Revision {
			w.t.Errorf("revision %d was told after %d", v.Revision, views[i].Revision)
		}
	}
}

func (s Subject) watch(t *testing.T) {
	a, b := s.two(t)
	must(t, a, put("dir/x", "1"), put("other", "1"))
	w := watch(t, b, "dir/")
	w.sees("dir/x=1")
	must(t, a, put("dir/y", "2"), put("other", "2"))
	w.sees("dir/x=1", "dir/y=2")
	must(t, a, remove("dir/x"), put("dir/z", "3"))
	w.sees("dir/y=2", "dir/z=3")
	must(t, a, remove("dir/y"), remove("dir/z"))
	w.sees()
	must(t, a, put("dir/x", "4"))
	w.sees("dir/x=4")
	for _, v := range w.seen() {
		if slices.Equal(texts(v), []string{"dir/y=2"}) || slices.Equal(texts(v), []string{"dir/y=2", "dir/x=1", "dir/z=3"}) {
			t.Errorf("half a transaction was told: %q", texts(v))
		}
	}
}

func (s Subject) watchNothing(t *testing.T) {
	a, b := s.two(t)
	w := watch(t, b, "lead/web")
	w.sees()
	if n := len(w.seen()); n != 1 {
		t.Errorf("nothing was told %d times", n)
	}
	must(t, a, put("elsewhere", "1"))
	must(t, a, put("lead/web", "1"))
	w.sees("lead/web=1")
}

func (s Subject) burst(t *testing.T) {
	a, b := s.two(t)
	w := watch(t, b, "")
	w.sees()
	for i := range 300 {
		must(t, a, put(fmt.Sprint("k", i%3), fmt.Sprint(i)))
	}
	w.sees("k0=297", "k1=298", "k2=299")
}

func (s Subject) watchLost(t *testing.T) {
	server, addr := s.Own(t)
	a := s.Dial(t, addr, "ns")
	must(t, a, put("k", "1"))
	w := watch(t, a, "")
	w.sees("k=1")
	server.Kill()
	select {
	case <-w.done:
		if w.err == nil {
			t.Error("a watch that lost its server ended without an error")
		}
	case <-time.After(2 * promptly):
		t.Error("a watch of a killed server goes on")
	}
	server.Start()
	retried(t, "the server takes a write again", func(ctx context.Context) error {
		_, err := a.Commit(ctx, cluster.Txn{Then: []cluster.Write{put("k", "2")}})
		return err
	})
	retried(t, "a second watch is answered", func(context.Context) error { watch(t, a, "").sees("k=2"); return nil })
}
