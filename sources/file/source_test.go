package file_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"concierge/sources"
	"concierge/sources/file"
)

// watched runs a source in the background and keeps all it published.
type watched struct {
	t      *testing.T
	wanted chan []sources.Query

	mu      sync.Mutex
	updates []sources.Update                // guarded by mu
	now     map[sources.Query]sources.Value // guarded by mu
}

func watch(t *testing.T, s sources.Source, queries ...sources.Query) *watched {
	t.Helper()
	w := &watched{t: t, wanted: make(chan []sources.Query), now: make(map[sources.Query]sources.Value)}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, w.wanted, w.take)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	w.want(queries...)
	return w
}

func (w *watched) take(u sources.Update) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.updates = append(w.updates, u)
	for q, v := range u.Values {
		w.now[q] = v
	}
}

func (w *watched) want(queries ...sources.Query) {
	w.t.Helper()
	select {
	case w.wanted <- queries:
	case <-time.After(5 * time.Second):
		w.t.Fatal("the source did not take a new set for 5 s")
	}
}

// await polls until ok holds, and fails after five seconds.
func (w *watched) await(what string, ok func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	for !w.locked(ok) {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited 5 s for: %s\nupdates: %+v", what, w.all())
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func (w *watched) locked(ok func() bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return ok()
}

func (w *watched) all() []sources.Update {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sources.Update(nil), w.updates...)
}

// awaitKey waits until the key has the value.
func (w *watched) awaitKey(q sources.Query, value string) {
	w.t.Helper()
	w.await(q.String()+" = "+value, func() bool {
		p, ok := w.now[q].Data.(sources.KeyPair)
		return ok && w.now[q].Exists && p.Value == value
	})
}

func (w *watched) awaitAbsent(q sources.Query) {
	w.t.Helper()
	w.await(q.String()+" absent", func() bool {
		v, ok := w.now[q]
		return ok && !v.Exists
	})
}

// awaitOutage waits for the outage after the first n updates and returns it.
func (w *watched) awaitOutage(n int) error {
	w.t.Helper()
	var err error
	w.await("an outage", func() bool {
		for _, u := range w.updates[n:] {
			if u.Err != nil {
				err = u.Err
			}
		}
		return err != nil
	})
	return err
}

func open(t testing.TB, path string) *file.Source {
	t.Helper()
	s, err := file.New(file.Config{Path: path}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func key(path string) sources.Query {
	return sources.Query{Source: "file", Kind: sources.Key, Path: path}
}

func tree(prefix string) sources.Query {
	return sources.Query{Source: "file", Kind: sources.Tree, Path: prefix}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
