package etcd_test

import (
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"concierge/cluster"
	"concierge/cluster/etcd"
	"concierge/cluster/storetest"
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
			return open(tb, dial(tb, clientv3.Config{Endpoints: []string{addr}}), namespace)
		},
		Expiry: func(ttl time.Duration) time.Duration { return ttl },
	})
}

func dial(tb testing.TB, cfg clientv3.Config) *clientv3.Client {
	tb.Helper()
	cfg.Logger, cfg.DialTimeout = zap.NewNop(), 5*time.Second
	cfg.DialKeepAliveTime, cfg.DialKeepAliveTimeout = 10*time.Second, 3*time.Second
	client, err := clientv3.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = client.Close() })
	return client
}

func open(tb testing.TB, client *clientv3.Client, namespace string) *etcd.Store {
	tb.Helper()
	s, err := etcd.New(client, namespace)
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
