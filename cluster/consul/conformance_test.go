package consul_test

import (
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
	"concierge/cluster/storetest"
	"concierge/cluster/storetest/servers"
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
			return servers.DialConsul(tb, api.Config{Address: addr}, namespace)
		},
		Expiry: func(ttl time.Duration) time.Duration { return 2 * ttl },
	})
}
