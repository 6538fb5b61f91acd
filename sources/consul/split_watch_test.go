package consul_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// TestLargeRangeIsFollowedInPieces watches many keys of one directory, changes,
// deletes and adds some, and looks at what travels for one change.
func TestLargeRangeIsFollowedInPieces(t *testing.T) {
	server, prefix := testserver.Consul(t), testserver.Prefix(t)
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	const keys = 3000
	key := func(i int) string { return fmt.Sprintf("%sk%04d", prefix, i) }
	put := func(values map[int]string) {
		t.Helper()
		var ops api.KVTxnOps
		for i, value := range values {
			op := &api.KVTxnOp{Verb: api.KVSet, Key: key(i), Value: []byte(value)}
			if value == "" {
				op.Verb = api.KVDelete
			}
			ops = append(ops, op)
		}
		for ; len(ops) > 0; ops = ops[min(len(ops), 60):] {
			if ok, answer, _, err := client.KV().Txn(ops[:min(len(ops), 60)], nil); err != nil || !ok {
				t.Fatalf("transaction: %v %v", err, answer)
			}
		}
	}
	first := make(map[int]string)
	var queries []sources.Query
	for i := range keys {
		queries = append(queries, ask(sources.Key, key(i)))
		if i%7 != 0 {
			first[i] = "first"
		}
	}
	put(first)
	s := open(t, consul.Config{Address: server.Addr})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wanted, updates := make(chan []sources.Query, 1), make(chan sources.Update, 100)
	go s.Watch(ctx, wanted, func(u sources.Update) { updates <- u })
	wanted <- queries
	values := make(map[sources.Query]sources.Value)
	await := func(want map[int]string) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for {
			ok := true
			for i, value := range want {
				v, known := values[queries[i]]
				pair, _ := v.Data.(sources.KeyPair)
				ok = ok && known && v.Exists == (value != "") && pair.Value == value
			}
			if ok {
				return
			}
			select {
			case u := <-updates:
				for q, v := range u.Values {
					values[q] = v
				}
			case <-deadline:
				t.Fatalf("never saw %v", want)
			}
		}
	}
	await(first)
	for step := range 20 {
		change := map[int]string{step * 7: "new", step*131 + 1: fmt.Sprint("v", step), 2999 - step: "", step*97 + 500: fmt.Sprint("w", step)}
		put(change)
		await(change)
	}
	all := make(map[int]string)
	for i := range keys {
		if v := values[queries[i]]; v.Exists {
			all[i] = v.Data.(sources.KeyPair).Value
		}
	}
	pairs, _, err := client.KV().List(prefix, nil)
	if err != nil || len(pairs) != len(all) {
		t.Fatalf("%d keys are known, %d are there (%v)", len(all), len(pairs), err)
	}
}
