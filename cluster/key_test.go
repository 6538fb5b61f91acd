package cluster_test

import (
	"slices"
	"strings"
	"testing"

	"concierge/cluster"
)

func FuzzSegmentComesBackAsItWas(f *testing.F) {
	for _, name := range []string{"web", "a/b", "..", ".", "%2E", "ü b", "", "\x00\xff", "a?b#c"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		segment := cluster.Segment(name)
		if strings.Contains(segment, "/") || segment == "." || segment == ".." {
			t.Errorf("segment %q of %q leads elsewhere", segment, name)
		}
		if back, err := cluster.Name(segment); err != nil || back != name {
			t.Errorf("%q came back as %q, %v", name, back, err)
		}
	})
}

func TestNamespaceThatLeadsElsewhereIsRefused(t *testing.T) {
	for _, bad := range []string{"", "/", "a//b", "a/../b", "./a"} {
		if root, err := cluster.Root(bad); err == nil {
			t.Errorf("%q was taken as %q", bad, root)
		}
	}
	if root, err := cluster.Root("/concierge/staging/"); err != nil || root != "concierge/staging/v1/" {
		t.Errorf("root is %q, %v", root, err)
	}
}

func TestViewKeepsItsOrder(t *testing.T) {
	var v cluster.View
	for i, key := range []string{"b", "a", "c", "b"} {
		v = v.With(cluster.Entry{Key: key, Version: cluster.Version(i + 1)})
	}
	v = v.With(cluster.Entry{Key: "c"}).With(cluster.Entry{Key: "never"})
	var got []string
	for _, e := range v.Entries {
		got = append(got, e.Key)
	}
	if !slices.Equal(got, []string{"a", "b"}) || v.Get("b").Version != 4 || v.Get("c").Version != cluster.Absent {
		t.Errorf("view is %+v", v.Entries)
	}
}
