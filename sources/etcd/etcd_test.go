package etcd_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/etcd"
	"concierge/sources/sourcetest"
)

func TestConformance(t *testing.T) {
	sourcetest.Run(t, sourcetest.Subject{
		Open: func(tb testing.TB) sourcetest.Fixture {
			server, prefix := testserver.Etcd(tb), testserver.Prefix(tb)
			return fixture(tb, server, etcd.Config{Prefix: prefix}, "")
		},
		OpenFaulty: func(tb testing.TB) sourcetest.Fixture {
			server := testserver.NewEtcd(tb, testserver.EtcdOptions{})
			return fixture(tb, server, etcd.Config{}, "faulty/")
		},
		AnyBytes: true,
	})
}

func fixture(tb testing.TB, server *testserver.Server, cfg etcd.Config, root string) sourcetest.Fixture {
	tb.Helper()
	cfg.Endpoints = []string{server.Addr}
	w := writer{client: rawClient(tb, server), prefix: cfg.Prefix}
	return sourcetest.Fixture{
		Source: open(tb, cfg), Name: "etcd", Root: root,
		Writer: w, Transact: w.transact, Outage: server,
	}
}

func open(tb testing.TB, cfg etcd.Config) *etcd.Source {
	tb.Helper()
	s, err := etcd.New(cfg, slog.New(slog.DiscardHandler))
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

// rawClient returns a client of the library itself, with every right.
func rawClient(tb testing.TB, servers ...*testserver.Server) *clientv3.Client {
	tb.Helper()
	cfg := clientv3.Config{Logger: zap.NewNop(), DialTimeout: 5 * time.Second}
	for _, s := range servers {
		cfg.Endpoints = append(cfg.Endpoints, s.Addr)
		cfg.Username, cfg.Password = s.Username, s.Password
	}
	c, err := clientv3.New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// writer changes etcd behind the source's back.
type writer struct {
	client *clientv3.Client
	prefix string
}

func (w writer) Put(ctx context.Context, key, value string) error {
	_, err := w.client.Put(ctx, w.prefix+key, value)
	return err
}

func (w writer) Delete(ctx context.Context, key string) error {
	_, err := w.client.Delete(ctx, w.prefix+key)
	return err
}

func (w writer) transact(ctx context.Context, pairs map[string]string) error {
	var ops []clientv3.Op
	for key, value := range pairs {
		ops = append(ops, clientv3.OpPut(w.prefix+key, value))
	}
	_, err := w.client.Txn(ctx).Then(ops...).Commit()
	return err
}

func key(path string) sources.Query {
	return sources.Query{Source: "etcd", Kind: sources.Key, Path: path}
}

func tree(path string) sources.Query {
	return sources.Query{Source: "etcd", Kind: sources.Tree, Path: path}
}
