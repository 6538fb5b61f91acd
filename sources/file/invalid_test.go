package file_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"concierge/sources"
)

func TestKeysAndValuesThatCannotBeMatchErrInvalid(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "doc.yaml"), "list: [a]\nmap: {b: 1}\nscalar: 1\nbase: &x {y: 1}\nalias: *x\n")
	write(t, filepath.Join(dir, "doc.json"), "{}")
	write(t, filepath.Join(dir, "tree", "folder", "key"), "v")
	for _, c := range []struct{ store, key, value, reason string }{
		{"tree", "", "v", "is empty"},
		{"tree", "a//b", "v", "has an empty part"},
		{"tree", "a\x00", "v", "NUL"},
		{"tree", "../a", "v", "has the part .."},
		{"tree", ".git/config", "v", "begins with a dot"},
		{"tree", strings.Repeat("n", 256), "v", "more than 255 bytes"},
		{"tree", "folder", "v", "is a directory of keys"},
		{"tree", "folder/key/below", "v", "is a key itself"},
		{"tree", "big", strings.Repeat("x", 1<<20+1), "more than 1048576"},
		{"doc.yaml", "", "v", "is empty"},
		{"doc.yaml", "\xff", "v", "not UTF-8"},
		{"doc.yaml", "list/2", "v", "use 0 to 1"},
		{"doc.yaml", "map", "v", "has keys below it"},
		{"doc.yaml", "scalar/x", "v", "is a value itself"},
		{"doc.yaml", "alias/y", "v", "is an alias"},
		{"doc.yaml", "base/y", "v", "cannot be changed alone"},
		{"doc.json", "a", "\xff", "JSON cannot hold"},
	} {
		err := open(t, filepath.Join(dir, c.store)).Put(t.Context(), c.key, c.value, nil)
		if !errors.Is(err, sources.ErrInvalid) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: put %.20q: %v; want ErrInvalid that says %q", c.store, c.key, err, c.reason)
		}
	}
	if _, err := open(t, dir+"/tree").Get(t.Context(), "a//b"); !errors.Is(err, sources.ErrInvalid) {
		t.Errorf("get: %v", err)
	}
	if err := open(t, dir+"/tree").Delete(t.Context(), "none"); errors.Is(err, sources.ErrInvalid) {
		t.Errorf("the absence of a key is not invalid: %v", err)
	}
}

func TestMissingStoreIsNotTakenForAnEmptyOne(t *testing.T) {
	for _, name := range []string{"doc.yaml", "doc.json", "tree"} {
		s := open(t, filepath.Join(t.TempDir(), name))
		_, get := s.Get(t.Context(), "k")
		_, list := s.List(t.Context(), "")
		for _, err := range []error{get, list} {
			if err == nil || errors.Is(err, sources.ErrNotFound) || !strings.Contains(err.Error(), "does not exist") {
				t.Errorf("%s: %v", name, err)
			}
		}
		put(t, s, "k", "v")
		if p, err := s.Get(t.Context(), "k"); err != nil || p.Value != "v" {
			t.Errorf("%s: after a put: %q, %v", name, p.Value, err)
		}
	}
}

func TestMergeKeysAreWrittenBackAsTheyWere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.yaml")
	write(t, path, "base: &x {y: 1}\nmerged: {<<: *x, z: 1}\nblock:\n  <<: *x\n  z: 1\n")
	put(t, open(t, path), "merged/z", "2")
	if got, want := text(t, path), "base: &x {y: 1}\nmerged: {<<: *x, z: 2}\nblock:\n  <<: *x\n  z: 1\n"; got != want {
		t.Errorf("the document is now\n%s\nwant\n%s", got, want)
	}
}

func TestModifyIndexSurvivesReadersOfFloatingPoint(t *testing.T) {
	s := open(t, t.TempDir())
	for _, value := range []string{"", "a", "b", "c", "d", "e", "f", "g"} {
		put(t, s, "k", value)
		p, err := s.Get(t.Context(), "k")
		must(t, err)
		if p.ModifyIndex == 0 || p.ModifyIndex >= 1<<53 || uint64(float64(p.ModifyIndex)) != p.ModifyIndex {
			t.Errorf("the index of %q is %d", value, p.ModifyIndex)
		}
	}
}
