package file_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/sources"
)

// Whatever a document holds and whatever is put: no panic, and a put that
// succeeds sets this key, leaves all others, and can be taken back.
func FuzzEditDocument(f *testing.F) {
	for _, doc := range []string{
		"a: 1\nb: {c: [1, 2]}\n", "a: &x {b: 1}\nc: *x\nd: {<<: *x}\n", "# only a comment\n", "{}", "a: |\n  text\n", `{"a": [true, null]}`, "a: &a [*a]", "? [a]\n: b", "a:\n- b:\n  - c\n",
	} {
		f.Add(doc, "a/b", "v\n", true)
		f.Add(doc, "b/c/2", "1", false)
	}
	f.Fuzz(func(t *testing.T, doc, name, value string, asYAML bool) {
		path := filepath.Join(t.TempDir(), "doc.json")
		if asYAML {
			path = strings.TrimSuffix(path, ".json") + ".yaml"
		}
		must(t, os.WriteFile(path, []byte(doc), 0o644))
		s := open(t, path)
		before, err := s.List(t.Context(), "")
		if err != nil {
			if putErr := s.Put(t.Context(), name, value, nil); putErr == nil {
				t.Fatalf("a document that cannot be read (%v) was edited", err)
			}
			return
		}
		if s.Put(t.Context(), name, value, nil) != nil {
			if text(t, path) != doc {
				t.Fatal("a refused edit changed the document")
			}
			return
		}
		after, err := s.List(t.Context(), "")
		if err != nil {
			t.Fatalf("the edited document cannot be read: %v", err)
		}
		want := asMap(before)
		want[name] = value
		got := asMap(after)
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("%q is %q, want %q", k, got[k], want[k])
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d keys, want %d", len(got), len(want))
		}
	})
}

func asMap(pairs sources.Pairs) map[string]string {
	m := make(map[string]string, len(pairs))
	for _, p := range pairs {
		m[p.Path] = p.Value
	}
	return m
}
