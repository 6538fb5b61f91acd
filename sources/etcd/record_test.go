package etcd

import (
	"testing"

	"concierge/cluster"
	"concierge/sources"
)

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
