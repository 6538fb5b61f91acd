package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"concierge/cluster"
	"concierge/internal/testserver"
)

func (s Subject) readSeesCommit(t *testing.T) {
	a, b := s.two(t)
	for i := range 50 {
		must(t, a, put("k", fmt.Sprint(i)))
		wants(t, read(t, a, "k"), fmt.Sprint("k=", i))
		wants(t, read(t, b, "k"), fmt.Sprint("k=", i))
	}
	must(t, a, remove("k"))
	wants(t, read(t, b, "k"))
}

func (s Subject) viewOfPrefix(t *testing.T) {
	a, b := s.two(t)
	must(t, a, put("inst/web/b", "2"), put("inst/web/a", "1"), put("inst/web-2/c", "3"), put("lead/web", "4"))
	wants(t, read(t, b, "inst/web/"), "inst/web/a=1", "inst/web/b=2")
	wants(t, read(t, b, ""), "inst/web-2/c=3", "inst/web/a=1", "inst/web/b=2", "lead/web=4")
	wants(t, read(t, b, "none/"))
}

func (s Subject) namespaces(t *testing.T) {
	addr, prefix := s.Shared(t), testserver.Prefix(t)
	a, b := s.Dial(t, addr, prefix+"a"), s.Dial(t, addr, prefix+"b")
	must(t, a, put("k", "a"))
	if !commit(t, b, only(when("k", cluster.Absent)), put("k", "b")) {
		t.Error("a key of another namespace was met")
	}
	wants(t, read(t, a, ""), "k=a")
	wants(t, read(t, b, ""), "k=b")
}

func (s Subject) oddKeys(t *testing.T) {
	a, b := s.two(t)
	for _, name := range []string{"with space", "übergröße/日本", "100%", "%2F", "a?b#c", "q\"uote", "..", "plus+and&"} {
		key := "odd/" + cluster.Segment(name)
		value := []byte("\x00\xff" + name)
		must(t, a, cluster.Write{Key: key, Value: value})
		e := read(t, b, key).Get(key)
		if !bytes.Equal(e.Value, value) {
			t.Errorf("%q: value is %q", key, e.Value)
		}
		if !commit(t, b, only(when(key, e.Version)), remove(key)) {
			t.Errorf("%q was not deleted by its version", key)
		}
	}
	must(t, a, put("raw/ü %41/x y", ""))
	wants(t, read(t, b, "raw/ü %41/"), "raw/ü %41/x y=")
	wants(t, read(t, b, "odd/"))
}

func (s Subject) large(t *testing.T) {
	a, b := s.two(t)
	value := bytes.Repeat([]byte("\x00v"), 128<<10)
	must(t, a, cluster.Write{Key: "k", Value: value})
	if got := read(t, b, "k").Get("k").Value; !bytes.Equal(got, value) {
		t.Errorf("came back with %d bytes", len(got))
	}
}

func (s Subject) tooLarge(t *testing.T) {
	a, b := s.two(t)
	huge := cluster.Write{Key: "k", Value: bytes.Repeat([]byte("v"), 3<<20)}
	if _, err := a.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{put("small", ""), huge}}); !errors.Is(err, cluster.ErrTooLarge) {
		t.Errorf("three mebibytes: %v", err)
	}
	var many cluster.Txn
	for i := range 1000 {
		many.Then = append(many.Then, put(fmt.Sprint("k", i), ""))
	}
	if _, err := a.Commit(t.Context(), many); !errors.Is(err, cluster.ErrTooLarge) {
		t.Errorf("a thousand writes: %v", err)
	}
	wants(t, read(t, b, ""))
}
