package consul

import (
	"net/url"
	"testing"

	"concierge/sources"
)

func TestDefaultsDoNotMakeAnotherLookup(t *testing.T) {
	q := sources.Query{Source: "consul", Kind: sources.Service, Path: "web", Options: sources.Options{Params: "filter=any&tag=a"}.Handle()}
	named := q
	named.Options = sources.Options{Datacenter: "dc2", Namespace: "ns1", Partition: "p1", Params: "tag=a&filter=any"}.Handle()
	a, err := newLookup(q, scope{dc: "dc2", ns: "ns1", partition: "p1"})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := newLookup(named, scope{}); err != nil || a != b {
		t.Errorf("lookups are %+v and %+v (%v)", a, b, err)
	}
}

// FuzzLookup checks that parameters are taken as they are meant, or refused.
func FuzzLookup(f *testing.F) {
	f.Add("filter=any&near=_agent&tag=a%3Db")
	f.Add("peer=b&sameness-group=g&reachable=true")
	f.Add("tag=%zz&&;=")
	f.Fuzz(func(t *testing.T, params string) {
		q := sources.Query{Source: "consul", Kind: sources.Service, Path: "web", Options: sources.Options{Params: params}.Handle()}
		l, err := newLookup(q, scope{})
		if err != nil {
			return
		}
		values, err := url.ParseQuery(params)
		if err != nil {
			t.Fatalf("%q was taken though it is no list of parameters: %v", params, err)
		}
		for name := range values {
			want := values.Get(name)
			got, known := map[string]string{
				sources.ParamTag: l.tag, sources.ParamNear: l.near, sources.ParamFilter: l.filter,
				sources.ParamPeer: l.peer, sources.ParamSamenessGroup: l.group, sources.ParamReachable: want,
			}[name]
			if !known || got != want {
				t.Errorf("%q: %s is %q, want %q", params, name, got, want)
			}
		}
	})
}
