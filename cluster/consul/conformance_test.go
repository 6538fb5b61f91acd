package consul_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
	"concierge/cluster/consul"
	"concierge/cluster/storetest"
	"concierge/internal/testserver"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Subject{
		Shared: func(tb testing.TB) string { return testserver.Consul(tb).Addr },
		Own: func(tb testing.TB) (storetest.Server, string) {
			server := testserver.NewConsul(tb, testserver.ConsulOptions{})
			return server, server.Addr
		},
		Dial: func(tb testing.TB, addr, namespace string) cluster.Store {
			return open(tb, consul.Config{Client: dial(tb, api.Config{Address: addr}), Keys: namespace})
		},
		Expiry: func(ttl time.Duration) time.Duration { return 2 * ttl },
	})
}

func dial(tb testing.TB, cfg api.Config) *api.Client {
	tb.Helper()
	cfg.Transport = &http.Transport{}
	client, err := api.NewClient(&cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(cfg.Transport.CloseIdleConnections)
	return client
}

func open(tb testing.TB, cfg consul.Config) *consul.Store {
	tb.Helper()
	s, err := consul.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("closing: %v", err)
		}
	})
	return s
}
