package render_test

import (
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestServiceAsksTheCatalogThatIsSetOrNamed(t *testing.T) {
	both := naming("consul", "consul", "etcd")
	alone := naming("etcd", "etcd")
	alone.Catalog = "etcd"
	for _, c := range []struct {
		naming render.Naming
		kind   sources.Kind
		text   string
		source string // empty is an error
		path   string
	}{
		{render.Naming{}, sources.Service, "web", "consul", "web"},
		{both, sources.Service, "web", "consul", "web"},
		{both, sources.Service, "etcd:web", "etcd", "web"},
		{both, sources.Service, "etcd:blue.web|any", "etcd", "web"},
		{alone, sources.Service, "web", "etcd", "web"},
		{alone, sources.ServiceList, "", "etcd", ""},
		{alone, sources.Service, "consul:web", "", ""},
		{alone, sources.NodeList, "", "", ""},
		{both, sources.Service, "env:prod.web", "consul", "web"},
	} {
		q, err := c.naming.Query(c.kind, c.text)
		if (err != nil) != (c.source == "") || q.Source != c.source || q.Path != c.path {
			t.Errorf("%s %q is %+v, %v; want source %q", c.kind, c.text, q, err, c.source)
		}
	}
}
