package rollouts

import (
	"context"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/cluster"
	"concierge/cluster/storetest/servers"
	"concierge/internal/testserver"
)

// key is what the instances render, and what is edited.
const key = "app/value"

// store is the servers of a fleet.
type store struct {
	t       *testing.T
	kind    string
	servers []*testserver.Server
	expiry  time.Duration // ttls that a session may outlive its owner
	dial    func(namespace string) cluster.Store
	edit    func(ctx context.Context, value string) error
}

// storeOf starts servers that belong to the test.
func storeOf(t *testing.T, kind string) *store {
	t.Helper()
	if kind == "consul" {
		return newConsul(t)
	}
	return newEtcd(t)
}

func newEtcd(t *testing.T) *store {
	t.Helper()
	s := &store{t: t, kind: "etcd", servers: testserver.NewEtcdCluster(t, 3), expiry: 1}
	cfg := clientv3.Config{Endpoints: s.addrs()}
	client := servers.DialEtcdClient(t, cfg)
	s.dial = func(namespace string) cluster.Store { return servers.DialEtcd(t, cfg, namespace) }
	s.edit = func(ctx context.Context, value string) error {
		_, err := client.Put(ctx, key, value)
		return err
	}
	return s
}

func newConsul(t *testing.T) *store {
	t.Helper()
	server := testserver.NewConsul(t, testserver.ConsulOptions{HCL: []string{`limits { http_max_conns_per_client = 8000 }`}})
	s := &store{t: t, kind: "consul", servers: []*testserver.Server{server}, expiry: 2}
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	s.dial = func(namespace string) cluster.Store {
		return servers.DialConsul(t, api.Config{Address: server.Addr}, namespace)
	}
	s.edit = func(ctx context.Context, value string) error {
		_, err := client.KV().Put(&api.KVPair{Key: key, Value: []byte(value)}, new(api.WriteOptions).WithContext(ctx))
		return err
	}
	return s
}

func (s *store) addrs() (all []string) {
	for _, server := range s.servers {
		all = append(all, server.Addr)
	}
	return all
}

// source is the section sources of a configuration.
func (s *store) source(addrs []string) map[string]any {
	if s.kind == "consul" {
		return map[string]any{"consul": map[string]any{"address": addrs[0]}}
	}
	return map[string]any{"etcd": map[string]any{"endpoints": addrs}}
}

// put edits the key, as often as it takes.
func (s *store) put(value string) {
	s.t.Helper()
	var err error
	if !until(longest, func() bool {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		err = s.edit(ctx, value)
		return err == nil
	}) {
		s.t.Fatalf("the edit of %s is not taken: %v", key, err)
	}
}

// kill ends some of the servers at once; revive starts them again.
func (s *store) kill(some []*testserver.Server) {
	for _, server := range some {
		server.Kill()
	}
}

func (s *store) revive(some []*testserver.Server) { testserver.StartTogether(some...) }
