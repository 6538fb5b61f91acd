package consul_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// TestDeletionOfAnEnclosingPrefixIsSeenAtOnce deletes prefixes that are shorter
// than what is read, after single keys inside were deleted: Consul itself then
// holds a query for a narrower prefix to the end of its wait.
func TestDeletionOfAnEnclosingPrefixIsSeenAtOnce(t *testing.T) {
	server := testserver.NewConsul(t, testserver.ConsulOptions{}) // its pieces take many connections
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		keys   int
		wanted func(p string) []sources.Query
	}{
		"keys of one directory":      {20, func(p string) []sources.Query { return keysBelow(p, 20) }},
		"keys read in pieces":        {1500, func(p string) []sources.Query { return keysBelow(p, 1500) }},
		"a tree read in sections":    {1500, func(p string) []sources.Query { return []sources.Query{tree(p)} }},
		"a tree and some of its own": {1500, func(p string) []sources.Query { return append(keysBelow(p, 1500)[:30], tree(p)) }},
	} {
		t.Run(name, func(t *testing.T) {
			p := testserver.Prefix(t)
			dir := p + "app/"
			first, older := make(map[string]string), make(map[string]string)
			for i := range c.keys {
				first[fmt.Sprintf("%sk%04d", dir, i)] = "first"
			}
			for i := 0; i < c.keys; i += 7 { // marks within all pieces
				older[fmt.Sprintf("%sk%04d", dir, i)] = ""
			}
			edit(t, client, first)
			queries := c.wanted(dir)
			if name == "a tree read in sections" {
				queries = c.wanted(p)
			}
			f := follow(t, open(t, consul.Config{Address: server.Addr}), queries...)
			f.await("answers", func() bool { return len(f.values) == len(queries) })
			edit(t, client, older)
			last := fmt.Sprintf("%sk%04d", dir, c.keys-1-(c.keys-1)%7-1)
			edit(t, client, map[string]string{last: "second"})
			f.await("the change", func() bool { return holds(f, queries, last, "second") })
			if _, err := client.KV().DeleteTree(p+"app/", nil); err != nil {
				t.Fatal(err)
			}
			f.await("all to be gone", func() bool {
				for _, q := range queries {
					if f.values[q].Exists {
						return false
					}
				}
				return true
			})
		})
	}
}

func keysBelow(dir string, n int) []sources.Query {
	queries := make([]sources.Query, n)
	for i := range queries {
		queries[i] = key(fmt.Sprintf("%sk%04d", dir, i))
	}
	return queries
}

// holds reports whether one of the answers has the key with the value.
func holds(f *follower, queries []sources.Query, path, value string) bool {
	for _, q := range queries {
		switch data := f.values[q].Data.(type) {
		case sources.KeyPair:
			if data.Path == path && data.Value == value {
				return true
			}
		case sources.Pairs:
			for _, kp := range data {
				if kp.Path == path && kp.Value == value {
					return true
				}
			}
		}
	}
	return false
}
