package consul

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"concierge/sources"
)

func key(path string) sources.Query {
	return sources.Query{Source: "consul", Kind: sources.Key, Path: path}
}

func tree(path string) sources.Query {
	return sources.Query{Source: "consul", Kind: sources.Tree, Path: path}
}

func keysIn(dir string, n int) []sources.Query {
	queries := make([]sources.Query, n)
	for i := range queries {
		queries[i] = key(fmt.Sprintf("%sk%04d", dir, i))
	}
	return queries
}

// spans shows a plan as sorted text.
func spans(p map[span][]sources.Query) []string {
	var all []string
	for sp := range p {
		text := sp.String()
		if sp.scope != (scope{}) {
			text += fmt.Sprint(sp.scope)
		}
		all = append(all, text)
	}
	slices.Sort(all)
	return all
}

func TestPlan(t *testing.T) {
	inDC := tree("app/")
	inDC.Options = sources.Options{Datacenter: "dc2"}.Handle()
	for name, c := range map[string]struct {
		queries  []sources.Query
		defaults scope
		alone    []span
		want     []string
	}{
		"nothing wanted":                {want: nil},
		"few keys are single":           {queries: keysIn("app/", mergeKeys-1)[:2], want: []string{"key app/k0000", "key app/k0001"}},
		"many keys of one directory":    {queries: keysIn("app/", mergeKeys), want: []string{"tree app/"}},
		"seven keys stay single":        {queries: keysIn("a/", mergeKeys-1), want: []string{"key a/k0000", "key a/k0001", "key a/k0002", "key a/k0003", "key a/k0004", "key a/k0005", "key a/k0006"}},
		"tree absorbs by string prefix": {queries: []sources.Query{tree("app"), key("apple"), tree("app/x/"), key("ap")}, want: []string{"key ap", "tree app"}},
		"key equal to a tree's path":    {queries: []sources.Query{tree("app"), key("app")}, want: []string{"tree app"}},
		"merged directory absorbs trees": {
			queries: append(keysIn("app/", mergeKeys), tree("app/sub/"), tree("apple/")),
			want:    []string{"tree app/", "tree apple/"},
		},
		"data centres stay apart": {
			queries: []sources.Query{tree("app/"), key("app/port"), inDC},
			want:    []string{"tree app/", "tree app/{dc2  }"},
		},
		"default data centre is the same as a named one": {
			queries:  []sources.Query{tree("app/"), inDC},
			defaults: scope{dc: "dc2"},
			want:     []string{"tree app/{dc2  }"},
		},
		"refused directory is not merged": {
			queries: keysIn("a/", mergeKeys)[:mergeKeys],
			alone:   []span{{path: "a/", recurse: true}},
			want:    []string{"key a/k0000", "key a/k0001", "key a/k0002", "key a/k0003", "key a/k0004", "key a/k0005", "key a/k0006", "key a/k0007"},
		},
		"refused tree absorbs nothing": {
			queries: []sources.Query{tree("a/"), key("a/b"), tree("a/c/"), key("a/c/d")},
			alone:   []span{{path: "a/", recurse: true}},
			want:    []string{"key a/b", "tree a/", "tree a/c/"},
		},
		"top level is not a directory": {
			queries: keysIn("", mergeKeys)[:2],
			want:    []string{"key k0000", "key k0001"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			alone := make(map[span]bool)
			for _, sp := range c.alone {
				alone[sp] = true
			}
			if got := spans(plan(c.queries, c.defaults, alone)); !slices.Equal(got, c.want) {
				t.Errorf("plan is %q, want %q", got, c.want)
			}
		})
	}
}

func TestPlanStaysWithinItsBudget(t *testing.T) {
	apart := make([]sources.Query, 0, 3000)
	for i := range 3000 {
		apart = append(apart, key(fmt.Sprintf("team%d/app%d/port", i%30, i)))
	}
	for name, queries := range map[string][]sources.Query{
		"keys in as many directories": apart,
		"keys at the top":             keysIn("", 1000),
		"trees":                       {tree("a"), tree("b")},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(queries, scope{}, nil)
			if len(p) > maxSpans {
				t.Errorf("%d spans, want at most %d", len(p), maxSpans)
			}
			assertServed(t, p, queries)
		})
	}
	if got := len(plan(apart, scope{}, nil)); got != 30 {
		t.Errorf("%d spans, want one for each of 30 teams", got)
	}
}

func TestPlanMergesUpwardOnlyAsFarAsNeeded(t *testing.T) {
	queries := []sources.Query{key("lone/one")}
	for i := range 70 {
		queries = append(queries, key(fmt.Sprintf("busy/app%02d/port", i)))
	}
	want := []string{"key lone/one", "tree busy/"}
	if got := spans(plan(queries, scope{}, nil)); !slices.Equal(got, want) {
		t.Errorf("plan is %q, want %q", got, want)
	}
}

func assertServed(t *testing.T, p map[span][]sources.Query, queries []sources.Query) {
	t.Helper()
	served := make(map[sources.Query]int)
	for sp, list := range p {
		for _, q := range list {
			served[q]++
			covers := sp.recurse && strings.HasPrefix(q.Path, sp.path)
			if !covers && exact(q, scope{}) != sp {
				t.Errorf("%s is served by %s, which does not cover it", q, sp)
			}
		}
	}
	for _, q := range queries {
		if served[q] != 1 {
			t.Errorf("%s is served %d times", q, served[q])
		}
	}
}

// FuzzPlan checks what holds for every plan: each query is served once, by a
// span that covers it, and no span covers another.
func FuzzPlan(f *testing.F) {
	f.Add("app/a app/b =app/ =app x", "app/")
	f.Add("=a =a/ a a/ =", "")
	f.Add("a/1 a/2 a/3 a/4 a/5 a/6 a/7 a/8 a/b/c =a/b", "a/")
	f.Fuzz(func(t *testing.T, text, refused string) {
		unique := make(map[sources.Query]bool)
		for word := range strings.FieldsSeq(text) {
			if path, ok := strings.CutPrefix(word, "="); ok {
				unique[tree(path)] = true
			} else {
				unique[key(word)] = true
			}
		}
		queries := slices.Collect(maps.Keys(unique))
		alone := map[span]bool{{path: refused, recurse: true}: true}
		p := plan(queries, scope{}, alone)
		assertServed(t, p, queries)
		for a := range p {
			if alone[a] && (len(p[a]) != 1 || exact(p[a][0], scope{}) != a) {
				t.Errorf("refused %s serves %v", a, p[a])
			}
			for b := range p {
				if a != b && a.recurse && !alone[a] && strings.HasPrefix(b.path, a.path) {
					t.Errorf("%s covers %s", a, b)
				}
			}
		}
	})
}
