package file_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"unicode"
	"unicode/utf8"

	"concierge/sources/file"
	"concierge/sources/sourcetest"
)

func TestDirectoryConforms(t *testing.T) {
	open := func(tb testing.TB) sourcetest.Fixture { return fixture(tb, "tree") }
	sourcetest.Run(t, sourcetest.Subject{Open: open, OpenFaulty: open, AnyBytes: true})
}

func TestYAMLDocumentConforms(t *testing.T) {
	open := func(tb testing.TB) sourcetest.Fixture { return fixture(tb, "keys.yaml") }
	sourcetest.Run(t, sourcetest.Subject{Open: open, OpenFaulty: open, AnyBytes: true})
}

func TestJSONDocumentConforms(t *testing.T) {
	open := func(tb testing.TB) sourcetest.Fixture { return fixture(tb, "keys.json") }
	sourcetest.Run(t, sourcetest.Subject{Open: open, OpenFaulty: open})
}

// fixture opens an empty store of the kind that the name stands for.
func fixture(tb testing.TB, name string) sourcetest.Fixture {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), name)
	var err error
	if strings.Contains(name, ".") {
		err = os.WriteFile(path, []byte("{}\n"), 0o644)
	} else {
		err = os.Mkdir(path, 0o755)
	}
	if err != nil {
		tb.Fatal(err)
	}
	open := func() *file.Source {
		s, err := file.New(file.Config{Path: path}, slog.New(slog.DiscardHandler))
		if err != nil {
			tb.Fatal(err)
		}
		return s
	}
	f := sourcetest.Fixture{Source: open(), Name: "file", Root: "test/", Outage: mover{tb, path}, Writer: writer{open()}}
	if strings.Contains(name, ".") {
		doc := &docWriter{path: path, store: open()}
		f.Writer, f.Transact = doc, doc.transact
	}
	return f
}

// writer edits through a second instance, as another process would.
type writer struct{ store *file.Source }

func (w writer) Put(ctx context.Context, key, value string) error {
	return w.store.Put(ctx, key, value, nil)
}

func (w writer) Delete(ctx context.Context, key string) error { return w.store.Delete(ctx, key) }

// docWriter writes a whole flat document at each change, as a program does that
// generates it.
type docWriter struct {
	path  string
	store *file.Source

	mu   sync.Mutex
	text []byte            // what it wrote last, guarded by mu
	keys map[string]string // what is in it, guarded by mu
}

func (w *docWriter) Put(ctx context.Context, key, value string) error {
	if strings.ContainsFunc(value, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) {
		return w.store.Put(ctx, key, value, nil) // needs more than JSON has
	}
	return w.transact(ctx, map[string]string{key: value})
}

func (w *docWriter) Delete(ctx context.Context, key string) error { return w.store.Delete(ctx, key) }

func (w *docWriter) transact(ctx context.Context, pairs map[string]string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	text, err := os.ReadFile(w.path)
	if err != nil {
		return err
	}
	if !bytes.Equal(text, w.text) { // somebody else wrote it
		list, err := w.store.List(ctx, "")
		if err != nil {
			return err
		}
		w.keys = make(map[string]string)
		for _, p := range list {
			w.keys[p.Path] = p.Value
		}
	}
	maps.Copy(w.keys, pairs)
	if w.text, err = json.Marshal(w.keys); err != nil {
		return err
	}
	return errors.Join(os.WriteFile(w.path+".new", w.text, 0o644), os.Rename(w.path+".new", w.path))
}

// mover takes the store away by another name.
type mover struct {
	tb   testing.TB
	path string
}

func (m mover) Stop()  { m.rename(m.path, m.path+".away") }
func (m mover) Start() { m.rename(m.path+".away", m.path) }

func (m mover) rename(from, to string) {
	m.tb.Helper()
	if err := os.Rename(from, to); err != nil {
		m.tb.Fatal(err)
	}
}
