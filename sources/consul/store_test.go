package consul_test

import (
	"errors"
	"strings"
	"testing"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

func TestCompareAndSetMeetsTheIndexItRead(t *testing.T) {
	t.Parallel()
	s, p := shared(t), testserver.Prefix(t)
	var absent uint64
	if err := s.Put(t.Context(), p+"a", "1", &absent); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), p+"a", "again", &absent); !errors.Is(err, sources.ErrConflict) {
		t.Errorf("creating an existing key gives %v", err)
	}
	read, err := s.Get(t.Context(), p+"a")
	if err != nil || read.Value != "1" || read.CreateIndex == 0 {
		t.Fatalf("read %+v, %v", read, err)
	}
	put(t, s, p+"a", "2")
	if err := s.Put(t.Context(), p+"a", "3", &read.ModifyIndex); !errors.Is(err, sources.ErrConflict) {
		t.Errorf("a stale index gives %v", err)
	}
	if read, err = s.Get(t.Context(), p+"a"); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), p+"a", "3", &read.ModifyIndex); err != nil {
		t.Errorf("the current index gives %v", err)
	}
}

func TestDeleteTreeCountsByStringPrefix(t *testing.T) {
	t.Parallel()
	s, p := shared(t), testserver.Prefix(t)
	for _, k := range []string{"app", "app/a", "apple", "other"} {
		put(t, s, p+k, "1")
	}
	if n, err := s.DeleteTree(t.Context(), p+"app"); n != 3 || err != nil {
		t.Errorf("deleted %d, %v; want 3", n, err)
	}
	if n, err := s.DeleteTree(t.Context(), p+"app"); n != 0 || err != nil {
		t.Errorf("deleted %d more, %v", n, err)
	}
	left, err := s.List(t.Context(), p)
	if err != nil || len(left) != 1 || left[0].Path != p+"other" {
		t.Errorf("left are %+v, %v", left, err)
	}
}

func TestAbsentKeysAreNotFound(t *testing.T) {
	t.Parallel()
	s, p := shared(t), testserver.Prefix(t)
	if _, err := s.Get(t.Context(), p+"none"); !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("reading gives %v", err)
	}
	if err := s.Delete(t.Context(), p+"none"); !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("deleting gives %v", err)
	}
	if list, err := s.List(t.Context(), p+"none"); err != nil || len(list) != 0 {
		t.Errorf("listing gives %v, %v", list, err)
	}
}

func TestStoreErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	away := open(t, consul.Config{Address: "127.0.0.1:1"})
	_, err := away.Get(t.Context(), "a")
	if err == nil || !strings.Contains(err.Error(), "CONSUL_HTTP_ADDR") {
		t.Errorf("closed port gives %v", err)
	}
	s, p := shared(t), testserver.Prefix(t)
	err = s.Put(t.Context(), p+"big", strings.Repeat("x", 600<<10), nil)
	if err == nil || !strings.Contains(err.Error(), p+"big") {
		t.Errorf("a value above the limit gives %v", err)
	}
}

func TestKeysThatWouldBecomeOtherKeysAreRefused(t *testing.T) {
	t.Parallel()
	s, p := shared(t), testserver.Prefix(t)
	for _, key := range []string{"", "/", "./x", p + "a/../b", p + "a//b", p + "a/./b"} {
		if err := s.Put(t.Context(), key, "1", nil); !errors.Is(err, sources.ErrInvalid) {
			t.Errorf("%q: %v", key, err)
		}
	}
	for _, key := range []string{p + "a", "/" + p + "b", p + "folder/", p + "a.b/..c"} {
		if err := s.Put(t.Context(), key, "1", nil); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
	if pairs, err := s.List(t.Context(), p); err != nil || len(pairs) != 4 {
		t.Errorf("keys %v, %v; want the four that were set", pairs, err)
	}
}
