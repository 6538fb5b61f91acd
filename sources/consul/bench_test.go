package consul_test

import (
	"fmt"
	"log/slog"
	"testing"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// BenchmarkChange measures the time from the beginning of a write to the
// published change. The first case has one poll, the second gathers the
// answers of several, the third reads 1,000 keys at each change.
func BenchmarkChange(b *testing.B) {
	for _, c := range []struct {
		name string
		keys int
	}{
		{"one key", 1},
		{"keys apart", 7},
		{"one directory", 1000},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := testserver.Prefix(b)
			s, err := consul.New(consul.Config{Address: testserver.Consul(b).Addr}, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			queries := make([]sources.Query, c.keys)
			for i := range queries {
				queries[i] = key(fmt.Sprintf("%sk%d", p, i))
				if err := s.Put(b.Context(), queries[i].Path, "old", nil); err != nil {
					b.Fatal(err)
				}
			}
			wanted := make(chan []sources.Query, 1)
			wanted <- queries
			published := make(chan sources.Update, c.keys)
			done := make(chan struct{})
			go func() {
				defer close(done)
				s.Watch(b.Context(), wanted, func(u sources.Update) { published <- u })
			}()
			b.Cleanup(func() { <-done })
			for answered := 0; answered < c.keys; {
				answered += len((<-published).Values)
			}
			for i := 0; b.Loop(); i++ {
				if err := s.Put(b.Context(), queries[0].Path, fmt.Sprint(i), nil); err != nil {
					b.Fatal(err)
				}
				<-published
			}
		})
	}
}
