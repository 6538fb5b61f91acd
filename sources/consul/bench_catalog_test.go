package consul_test

import (
	"fmt"
	"log/slog"
	"testing"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// BenchmarkHealthChange measures the time from the beginning of a change of
// health to its publication, in catalogues with one poll for each service and
// in those where there are too many.
func BenchmarkHealthChange(b *testing.B) {
	for _, services := range []int{1, 100, 200} {
		b.Run(fmt.Sprintf("%d services", services), func(b *testing.B) {
			server := testserver.NewConsul(b, testserver.ConsulOptions{})
			fleet := newFleet(b, server, "", services, 10)
			s, err := consul.New(consul.Config{Address: server.Addr}, slog.New(slog.DiscardHandler))
			if err != nil {
				b.Fatal(err)
			}
			wanted, published, done := make(chan []sources.Query, 1), make(chan sources.Update, services), make(chan struct{})
			wanted <- fleet.queries(services)
			go func() {
				defer close(done)
				s.Watch(b.Context(), wanted, func(u sources.Update) { published <- u })
			}()
			b.Cleanup(func() { <-done })
			for answered := 0; answered < services; {
				answered += len((<-published).Values)
			}
			states := []string{"critical", "passing"}
			for i := 0; b.Loop(); i++ {
				at := i / 2 * 7 % services
				fleet.turn(b, at, 3, states[i%2])
				for {
					if _, ok := (<-published).Values[fleet.query(at)]; ok {
						break
					}
				}
			}
		})
	}
}
