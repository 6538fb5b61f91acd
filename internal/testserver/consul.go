package testserver

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
)

// managementToken is the token of Consul servers with ACLs. It guards nothing
// but test data on loopback.
const managementToken = "6f2f0f4e-57a5-4c0b-9d7c-000000000001"

// ConsulOptions change a Consul server of a test's own. The zero value is a
// server without ACLs.
type ConsulOptions struct {
	ACL  bool     // deny by default; Server.Token is a management token
	HCL  []string // further configuration, for example `limits { http_max_conns_per_client = 8000 }`
	Args []string // further command line arguments
}

// Consul returns the shared Consul server: a development agent in memory.
func Consul(tb testing.TB) *Server {
	tb.Helper()
	return shared(tb, consulKind(ConsulOptions{Args: []string{"-dev"}}))
}

// NewConsul starts a Consul server that belongs to the test and keeps its data
// over a restart.
func NewConsul(tb testing.TB, o ConsulOptions) *Server {
	tb.Helper()
	return own(tb, consulKind(o, "-server", "-bootstrap-expect", "1"))
}

func consulKind(o ConsulOptions, mode ...string) kind {
	k := kind{program: "consul", ports: 3, choose: freeLowPorts, ready: consulReady}
	if o.ACL {
		k.ready = consulReadyACL
		o.HCL = append([]string{fmt.Sprintf(
			`acl { enabled = true default_policy = "deny" tokens { initial_management = %q agent = %q } }`,
			managementToken, managementToken)}, o.HCL...)
	}
	k.args = func(i *instance) []string {
		args := append([]string{
			"agent", "-bind", "127.0.0.1", "-client", "127.0.0.1", "-log-level", "warn", "-data-dir", i.path("data"),
			"-http-port", i.port(0), "-server-port", i.port(1), "-serf-lan-port", i.port(2), "-serf-wan-port", "-1",
			"-dns-port", "-1", "-grpc-port", "-1", "-grpc-tls-port", "-1",
			"-hcl", "performance { raft_multiplier = 1 }", "-hcl", "disable_update_check = true",
		}, mode...)
		for _, h := range o.HCL {
			args = append(args, "-hcl", h)
		}
		return append(args, o.Args...)
	}
	return k
}

// consulReady wants an elected leader that takes a write.
func consulReady(ctx context.Context, i *instance) error {
	var leader string
	get := call{method: http.MethodGet, url: i.url(0) + "/v1/status/leader", header: "X-Consul-Token", token: i.token}
	if err := get.do(ctx, &leader); err != nil {
		return err
	}
	if leader == "" {
		return errors.New("no leader yet")
	}
	put := get
	put.method, put.url, put.body = http.MethodPut, i.url(0)+"/v1/kv/testserver/ready", "yes"
	if err := put.do(ctx, nil); err != nil {
		return err
	}
	put.method, put.body = http.MethodDelete, nil
	return put.do(ctx, nil)
}

func consulReadyACL(ctx context.Context, i *instance) error {
	i.token = managementToken
	return consulReady(ctx, i)
}
