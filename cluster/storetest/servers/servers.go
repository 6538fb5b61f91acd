// Package servers gives tests the stores that there are, on real servers, so
// that what is built on the contract is tried on each of them.
package servers

import (
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"concierge/cluster"
	"concierge/cluster/consul"
	"concierge/cluster/etcd"
	"concierge/internal/testserver"
)

// Namespace is one that no other test has, on the shared server of one kind.
type Namespace struct {
	// Dial returns a store of the namespace with a client of its own. To close it
	// is to die, as the store sees it.
	Dial func() cluster.Store
	// Expiry is the longest that a session of the ttl lives on after that.
	Expiry func(ttl time.Duration) time.Duration
}

// Each runs the test on each kind of store, at the same time.
func Each(t *testing.T, test func(*testing.T, Namespace)) {
	t.Helper()
	t.Parallel()
	t.Run("etcd", func(t *testing.T) {
		t.Parallel()
		addr, name := testserver.Etcd(t).Addr, testserver.Prefix(t)
		test(t, Namespace{
			Dial:   func() cluster.Store { return DialEtcd(t, clientv3.Config{Endpoints: []string{addr}}, name) },
			Expiry: func(ttl time.Duration) time.Duration { return ttl },
		})
	})
	t.Run("consul", func(t *testing.T) {
		t.Parallel()
		addr, name := testserver.Consul(t).Addr, testserver.Prefix(t)
		test(t, Namespace{
			Dial:   func() cluster.Store { return DialConsul(t, api.Config{Address: addr}, name) },
			Expiry: func(ttl time.Duration) time.Duration { return 2 * ttl },
		})
	})
}

// DialEtcd returns a store with a client of its own, which both end with the
// test.
func DialEtcd(tb testing.TB, cfg clientv3.Config, namespace string) *etcd.Store {
	tb.Helper()
	s, err := etcd.New(DialEtcdClient(tb, cfg), namespace)
	if err != nil {
		tb.Fatal(err)
	}
	endWith(tb, s)
	return s
}

// DialEtcdClient returns a client that ends with the test.
func DialEtcdClient(tb testing.TB, cfg clientv3.Config) *clientv3.Client {
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

// DialConsul returns a store with a client of its own, which both end with the
// test.
func DialConsul(tb testing.TB, cfg api.Config, namespace string) *consul.Store {
	tb.Helper()
	transport := &http.Transport{}
	cfg.Transport = transport
	client, err := api.NewClient(&cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(transport.CloseIdleConnections)
	s, err := consul.New(consul.Config{Client: client, Keys: namespace})
	if err != nil {
		tb.Fatal(err)
	}
	endWith(tb, s)
	return s
}

func endWith(tb testing.TB, s cluster.Store) {
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("closing the store: %v", err)
		}
	})
}
