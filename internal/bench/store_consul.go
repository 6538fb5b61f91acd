package bench

import (
	"context"
	"fmt"
	"net/http"
)

// consulStore is a Consul server reached over HTTP.
type consulStore struct{ addr string }

func (consulStore) name() string { return "Consul" }

func (c consulStore) address(scenario) string { return c.addr }

func (c consulStore) fill(ctx context.Context, n int) error {
	type set struct{ Verb, Key, Value string }
	for _, batch := range batches(n) {
		var ops []map[string]set
		for _, i := range batch {
			ops = append(ops, map[string]set{"KV": {Verb: "set", Key: keyPath(n, i), Value: base64Of(initialValue(i))}})
		}
		if err := sendJSON(ctx, http.MethodPut, "http://"+c.addr+"/v1/txn", ops); err != nil {
			return fmt.Errorf("filling Consul with %d keys: %w", n, err)
		}
	}
	return nil
}

func (c consulStore) put(ctx context.Context, n, i int, value string) error {
	return send(ctx, http.MethodPut, "http://"+c.addr+"/v1/kv/"+keyPath(n, i), []byte(value))
}
