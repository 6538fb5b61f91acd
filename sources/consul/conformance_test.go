package consul_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources/consul"
	"concierge/sources/sourcetest"
)

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Subject{
		Open: func(tb testing.TB) sourcetest.Fixture {
			return fixture(tb, testserver.Consul(tb))
		},
		OpenFaulty: func(tb testing.TB) sourcetest.Fixture {
			server := testserver.NewConsul(tb, testserver.ConsulOptions{})
			f := fixture(tb, server)
			f.Outage = server
			return f
		},
		AnyBytes: true,
	})
}

func fixture(tb testing.TB, server *testserver.Server) sourcetest.Fixture {
	tb.Helper()
	source, err := consul.New(consul.Config{Address: server.Addr}, slog.New(slog.DiscardHandler))
	if err != nil {
		tb.Fatal(err)
	}
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		tb.Fatal(err)
	}
	w := writer{client}
	return sourcetest.Fixture{Source: source, Name: "consul", Root: testserver.Prefix(tb), Writer: w, Transact: w.transact}
}

// writer changes the store without the source's own code.
type writer struct{ client *api.Client }

func (w writer) Put(ctx context.Context, key, value string) error {
	_, err := w.client.KV().Put(&api.KVPair{Key: key, Value: []byte(value)}, new(api.WriteOptions).WithContext(ctx))
	return err
}

func (w writer) Delete(ctx context.Context, key string) error {
	_, err := w.client.KV().Delete(key, new(api.WriteOptions).WithContext(ctx))
	return err
}

func (w writer) transact(ctx context.Context, pairs map[string]string) error {
	var ops api.TxnOps
	for key, value := range pairs {
		ops = append(ops, &api.TxnOp{KV: &api.KVTxnOp{Verb: api.KVSet, Key: key, Value: []byte(value)}})
	}
	ok, _, _, err := w.client.Txn().Txn(ops, new(api.QueryOptions).WithContext(ctx))
	if err == nil && !ok {
		err = errors.New("transaction was rolled back")
	}
	return err
}
