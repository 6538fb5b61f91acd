package consul_test

import (
	"context"
	"fmt"
	"slices"
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
	server, prefix := testserver.NewConsul(t, testserver.ConsulOptions{}), testserver.Prefix(t)
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	const keys = 3000
	key := func(i int) string { return fmt.Sprintf("%sk%04d", prefix, i) }
	put := func(values map[int]string) {
		t.Helper()
		named := make(map[string]string, len(values))
		for i, value := range values {
			named[key(i)] = value
		}
		edit(t, client, named)
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

// edit sets keys, and deletes those with an empty value, in as few transactions as
// Consul allows.
func edit(t *testing.T, client *api.Client, values map[string]string) {
	t.Helper()
	var ops api.KVTxnOps
	for key, value := range values {
		op := &api.KVTxnOp{Verb: api.KVSet, Key: key, Value: []byte(value)}
		if value == "" {
			op.Verb = api.KVDelete
		}
		ops = append(ops, op)
	}
	for some := range slices.Chunk(ops, 60) {
		if ok, answer, _, err := client.KV().Txn(some, nil); err != nil || !ok {
			t.Fatalf("transaction: %v %v", err, answer)
		}
	}
}

// TestLargeTreeIsFollowedInSections changes, deletes and adds keys of a large
// tree, within its sections and outside of all, and compares it with Consul's.
func TestLargeTreeIsFollowedInSections(t *testing.T) {
	server, prefix := testserver.NewConsul(t, testserver.ConsulOptions{}), testserver.Prefix(t)
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	put := func(keys map[string]string) {
		t.Helper()
		named := make(map[string]string, len(keys))
		for key, value := range keys {
			named[prefix+key] = value
		}
		edit(t, client, named)
	}
	first := make(map[string]string)
	for i := range 2500 {
		first[fmt.Sprintf("k%04d", i)] = "first"
	}
	put(first)
	s := open(t, consul.Config{Address: server.Addr})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wanted, updates := make(chan []sources.Query, 1), make(chan sources.Update, 100)
	go s.Watch(ctx, wanted, func(u sources.Update) { updates <- u })
	tree, below, one := ask(sources.Tree, prefix), ask(sources.Tree, prefix+"k1"), ask(sources.Key, prefix+"k0007")
	wanted <- []sources.Query{tree, one}
	values := make(map[sources.Query]sources.Value)
	await := func() {
		t.Helper()
		found, _, err := client.KV().List(prefix, nil)
		if err != nil {
			t.Fatal(err)
		}
		same := func() bool {
			pairs, _ := values[tree].Data.(sources.Pairs)
			if len(pairs) != len(found) {
				return false
			}
			for i, p := range pairs {
				if p.Path != found[i].Key || p.Value != string(found[i].Value) {
					return false
				}
			}
			return true
		}
		deadline := time.After(30 * time.Second)
		for !same() {
			select {
			case u := <-updates:
				for q, v := range u.Values {
					values[q] = v
				}
			case <-deadline:
				t.Fatal("the tree never came to be what is in Consul")
			}
		}
	}
	await()
	for step, change := range []map[string]string{
		{"k0001": "a"}, {"k0002": "b", "k2400": "c", "k1200": "d"}, {"k0003": ""}, {"k0003": "again"},
		{"k00005": "within a section"}, {"outside": "of all sections"}, {"k0004": "e"}, {"k2499": "f", "zz": "z", "k9": "nine"},
		{"outside": ""}, {"k0007": "g"}, {"k0008": "h"},
	} {
		if step == 7 {
			wanted <- []sources.Query{tree, below, one}
		}
		put(change)
		await()
	}
	if pairs, _ := values[below].Data.(sources.Pairs); len(pairs) != 1000 {
		t.Errorf("the tree below has %d pairs, not 1000", len(pairs))
	}
	if pair, _ := values[one].Data.(sources.KeyPair); pair.Value != "g" {
		t.Errorf("the key is %+v", pair)
	}
	for i := range 1500 { // so many that sections vanish
		first[fmt.Sprintf("k%04d", i)] = ""
	}
	put(first)
	await()
}
