package testserver

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// EtcdOptions change an etcd server of a test's own. The zero value is one
// member without authentication.
type EtcdOptions struct {
	Auth bool     // turn authentication on, with a root user
	Args []string // further command line arguments
}

// Etcd returns the shared etcd server.
func Etcd(tb testing.TB) *Server {
	tb.Helper()
	return shared(tb, etcdKind(EtcdOptions{}))
}

// NewEtcd starts an etcd server that belongs to the test.
func NewEtcd(tb testing.TB, o EtcdOptions) *Server {
	tb.Helper()
	return own(tb, etcdKind(o))
}

func etcdKind(o EtcdOptions) kind {
	k := kind{program: "etcd", ports: 2, ready: etcdReady}
	k.args = func(i *instance) []string {
		return append(etcdArgs(i, "default", "default="+i.url(1)), o.Args...)
	}
	if o.Auth {
		k.setup = etcdEnableAuth
	}
	return k
}

// etcdArgs leaves out syncing to disk: a test that kills the server does not
// crash the machine, and what was written stays in the page cache.
func etcdArgs(i *instance, name, cluster string) []string {
	return []string{
		"--name", name, "--data-dir", i.path("data"), "--unsafe-no-fsync", "--log-level", "warn",
		"--listen-client-urls", i.url(0), "--advertise-client-urls", i.url(0),
		"--listen-peer-urls", i.url(1), "--initial-advertise-peer-urls", i.url(1),
		"--initial-cluster", cluster, "--initial-cluster-token", cluster,
	}
}

func etcdReady(ctx context.Context, i *instance) error {
	var answer struct {
		Health string `json:"health"`
	}
	if err := (call{method: http.MethodGet, url: i.url(0) + "/health"}).do(ctx, &answer); err != nil {
		return err
	}
	if answer.Health != "true" {
		return fmt.Errorf("health is %q", answer.Health)
	}
	return nil
}

func etcdEnableAuth(ctx context.Context, i *instance) error {
	i.username, i.password = "root", "root-password"
	for _, step := range []struct {
		path string
		body map[string]string
	}{
		{"/v3/auth/user/add", map[string]string{"name": i.username, "password": i.password}},
		{"/v3/auth/role/add", map[string]string{"name": "root"}},
		{"/v3/auth/user/grant", map[string]string{"user": i.username, "role": "root"}},
		{"/v3/auth/enable", map[string]string{}},
	} {
		if err := (call{method: http.MethodPost, url: i.url(0) + step.path, body: step.body}).do(ctx, nil); err != nil {
			return fmt.Errorf("turning authentication on: %w", err)
		}
	}
	return nil
}

// NewEtcdCluster starts an etcd cluster of n members that belongs to the test.
func NewEtcdCluster(tb testing.TB, n int) []*Server {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	members := make([]*instance, n)
	var names, peers []string
	for m := range members {
		name := fmt.Sprintf("m%d", m)
		k := kind{program: "etcd", ports: 2, ready: etcdReady}
		k.args = func(i *instance) []string { return etcdArgs(i, name, strings.Join(peers, ",")) }
		members[m] = prepare(tb, k)
		ports, err := freeLowPorts(k.ports) // no connection can take one while its server is down
		if err != nil {
			tb.Fatal(err)
		}
		members[m].ports = ports
		names, peers = append(names, name), append(peers, name+"="+members[m].url(1))
	}
	servers := make([]*Server, n)
	for m, i := range members {
		if err := i.start(); err != nil {
			tb.Fatal(err)
		}
		servers[m] = handle(tb, i, false)
	}
	for m, i := range members {
		if err := i.awaitReady(ctx); err != nil {
			tb.Fatalf("starting member %s of the cluster: %v", names[m], err)
		}
	}
	return servers
}

// StartTogether starts stopped servers again, as [Server.Start] does, and waits
// for them when all run: the members of a cluster are not ready one by one.
func StartTogether(servers ...*Server) {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	for _, s := range servers {
		s.tb.Helper()
		s.own("StartTogether")
		if err := s.instance.start(); err != nil {
			s.tb.Fatal(err)
		}
	}
	for _, s := range servers {
		if err := s.instance.awaitReady(ctx); err != nil {
			s.tb.Fatal(err)
		}
	}
}
