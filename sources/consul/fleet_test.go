package consul_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
)

// fleet is a catalogue of many services, each with an instance on each of so
// many nodes.
type fleet struct {
	client *api.Client
	prefix string
	nodes  int
}

func newFleet(tb testing.TB, server *testserver.Server, prefix string, services, nodes int) *fleet {
	tb.Helper()
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		tb.Fatal(err)
	}
	f := &fleet{client: client, prefix: prefix, nodes: nodes}
	var ops api.TxnOps
	for n := range nodes {
		ops = append(ops, &api.TxnOp{Node: &api.NodeTxnOp{Verb: api.NodeSet, Node: api.Node{
			Node: f.node(n), Address: fmt.Sprintf("10.0.0.%d", n+1),
		}}})
	}
	for s := range services {
		for n := range nodes {
			ops = append(ops,
				&api.TxnOp{Service: &api.ServiceTxnOp{Verb: api.ServiceSet, Node: f.node(n), Service: api.AgentService{
					ID: f.service(s), Service: f.service(s), Port: 8000 + n, Tags: []string{"http"},
				}}},
				f.check(s, n, "passing"))
		}
	}
	for len(ops) > 0 { // Consul takes 128 at a time
		n := min(len(ops), 128)
		f.apply(tb, ops[:n])
		ops = ops[n:]
	}
	return f
}

func (f *fleet) node(n int) string    { return fmt.Sprintf("%snode-%d", f.prefix, n) }
func (f *fleet) service(s int) string { return fmt.Sprintf("%sservice-%d", f.prefix, s) }

func (f *fleet) query(s int) sources.Query { return ask(sources.Service, f.service(s)) }

func (f *fleet) queries(services int) []sources.Query {
	queries := make([]sources.Query, services)
	for s := range queries {
		queries[s] = f.query(s)
	}
	return queries
}

// check is the step that gives an instance its health.
func (f *fleet) check(s, n int, status string) *api.TxnOp {
	return &api.TxnOp{Check: &api.CheckTxnOp{Verb: api.CheckSet, Check: api.HealthCheck{
		Node: f.node(n), CheckID: "check-" + f.service(s), Name: "check", Status: status,
		ServiceID: f.service(s), ServiceName: f.service(s),
	}}}
}

func (f *fleet) apply(tb testing.TB, ops api.TxnOps) {
	tb.Helper()
	ok, answer, _, err := f.client.Txn().Txn(ops, nil)
	if err != nil || !ok {
		tb.Fatalf("transaction: %v, %+v", err, answer)
	}
}

// turn sets the health of an instance.
func (f *fleet) turn(tb testing.TB, s, n int, status string) {
	tb.Helper()
	f.apply(tb, api.TxnOps{f.check(s, n, status)})
}
