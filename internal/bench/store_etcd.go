package bench

import (
	"context"
	"fmt"
	"net/http"
)

// etcdStore is an etcd server reached over its JSON gateway. Keys begin with a
// slash, as confd and remco want them.
type etcdStore struct{ addr string }

type etcdPut struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (etcdStore) name() string { return "etcd" }

func (e etcdStore) address(scenario) string { return e.addr }

func (e etcdStore) fill(ctx context.Context, n int) error {
	for _, batch := range batches(n) {
		var ops []map[string]etcdPut
		for _, i := range batch {
			ops = append(ops, map[string]etcdPut{"request_put": newEtcdPut(n, i, initialValue(i))})
		}
		body := map[string]any{"success": ops}
		if err := sendJSON(ctx, http.MethodPost, "http://"+e.addr+"/v3/kv/txn", body); err != nil {
			return fmt.Errorf("filling etcd with %d keys: %w", n, err)
		}
	}
	return nil
}

func (e etcdStore) put(ctx context.Context, n, i int, value string) error {
	return sendJSON(ctx, http.MethodPost, "http://"+e.addr+"/v3/kv/put", newEtcdPut(n, i, value))
}

func newEtcdPut(n, i int, value string) etcdPut {
	return etcdPut{Key: base64Of("/" + keyPath(n, i)), Value: base64Of(value)}
}
