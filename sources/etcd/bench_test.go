package etcd_test

import (
	"fmt"
	"testing"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/etcd"
)

// BenchmarkChange is the time from a write to its update.
func BenchmarkChange(b *testing.B) {
	wide := make([]sources.Query, 10)
	for i := range wide {
		wide[i] = key(fmt.Sprintf("d%d/k", i))
	}
	for _, c := range []struct {
		name    string
		keys    int
		queries []sources.Query
	}{
		{"one key", 1, []sources.Query{key("d0/k")}},
		{"ten ranges", 1, wide},
		{"tree of 10000 keys", 10_000, []sources.Query{tree("d0/")}},
	} {
		b.Run(c.name, func(b *testing.B) {
			server, prefix := testserver.Etcd(b), testserver.Prefix(b)
			w := writer{client: rawClient(b, server), prefix: prefix}
			for i := 1; i < c.keys; i += 100 {
				pairs := make(map[string]string)
				for n := i; n < min(i+100, c.keys); n++ {
					pairs[fmt.Sprintf("d0/%05d", n)] = "v"
				}
				if err := w.transact(b.Context(), pairs); err != nil {
					b.Fatal(err)
				}
			}
			r := record(b, open(b, etcd.Config{Endpoints: []string{server.Addr}, Prefix: prefix}), c.queries...)
			r.until("all is answered", func() bool { return len(r.values) == len(c.queries) })
			for b.Loop() {
				before := r.count
				if err := w.Put(b.Context(), "d0/k", "v"); err != nil {
					b.Fatal(err)
				}
				r.until("the change arrived", func() bool { return r.count > before })
			}
		})
	}
}
