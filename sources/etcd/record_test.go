package etcd

import (
	"testing"

	"concierge/cluster"
	"concierge/sources"
)

func TestRangesOfDifferentRealmsAreNeverMerged(t *testing.T) {
	spans := plans([]target{
		{realm: "app/", path: "web/x"}, {realm: "ns/v1/services/", path: "web/", tree: true}, {realm: "app/", path: "web/y"},
	})
	byRealm := make(map[string]int)
	for _, s := range spans {
		byRealm[s.realm] += len(s.targets)
		for _, of := range s.targets {
			if of.realm != s.realm {
				t.Errorf("a range of %s serves %+v", s.realm, of)
			}
		}
	}
	if len(spans) != 2 || byRealm["app/"] != 2 || byRealm["ns/v1/services/"] != 1 {
		t.Errorf("ranges are %+v", spans)
	}
}

func FuzzRecordIsShownOrRefused(f *testing.F) {
	for _, text := range []string{`{"id":"a","name":"web","port":80,"tags":["x"],"health":"passing"}`, `{}`, `[]`, `{"port":"80"}`, ``, `{"id":"a","name":"w","tags":null}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := parseRecord(sources.KeyPair{Path: "web/a", Value: text})
		if err != nil {
			return
		}
		if s := r.service(); s.ID == "" || s.Name == "" || s.Tags == nil {
			t.Errorf("%q is shown as %+v", text, s)
		}
	})
}

func FuzzNameIsTheSegmentThatTheClusterWrites(f *testing.F) {
	for _, name := range []string{"web", "a/b", "..", ".", "ü b", "%2E"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if got, want := segment(name), cluster.Segment(name); got != want {
			t.Errorf("%q is %q, and %q in the records", name, got, want)
		}
	})
}
