package etcd_test

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/cluster"
	"concierge/cluster/storetest"
	"concierge/cluster/storetest/servers"
	"concierge/internal/testserver"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, storetest.Subject{
		Shared: func(tb testing.TB) string { return testserver.Etcd(tb).Addr },
		Own: func(tb testing.TB) (storetest.Server, string) {
			server := testserver.NewEtcd(tb, testserver.EtcdOptions{})
			return server, server.Addr
		},
		Dial: func(tb testing.TB, addr, namespace string) cluster.Store {
			return servers.DialEtcd(tb, clientv3.Config{Endpoints: []string{addr}}, namespace)
		},
		Expiry: func(ttl time.Duration) time.Duration { return ttl },
	})
}
