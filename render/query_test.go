package render_test

import (
	"strings"
	"testing"

	"concierge/render"
	"concierge/sources"
)

func TestQueriesAreReadByTheGrammarOfTheirSource(t *testing.T) {
	known := naming("consul", "consul", "etcd", "vault")
	for _, c := range []struct {
		naming render.Naming
		kind   sources.Kind
		path   string
		want   sources.Query
	}{
		{render.Naming{}, sources.Key, "a/b", sources.Query{Source: "consul", Kind: sources.Key, Path: "a/b"}},
		{render.Naming{}, sources.Key, "/a@dc-1.x", sources.Query{Source: "consul", Kind: sources.Key, Path: "a", Options: sources.Options{Datacenter: "dc-1.x"}.Handle()}},
		{render.Naming{}, sources.Key, "a?ns=n&partition=p@dc", sources.Query{Source: "consul", Kind: sources.Key, Path: "a", Options: sources.Options{Namespace: "n", Partition: "p", Datacenter: "dc"}.Handle()}},
		{render.Naming{}, sources.Key, "etcd:a", sources.Query{Source: "consul", Kind: sources.Key, Path: "etcd:a"}},
		{render.Naming{}, sources.Key, " a b ", sources.Query{Source: "consul", Kind: sources.Key, Path: " a b "}},
		{render.Naming{}, sources.Tree, "/", sources.Query{Source: "consul", Kind: sources.Tree}},
		{render.Naming{}, sources.Tree, "a/", sources.Query{Source: "consul", Kind: sources.Tree, Path: "a/"}},
		{known, sources.Key, "etcd:a@b?c", sources.Query{Source: "etcd", Kind: sources.Key, Path: "a@b?c"}},
		{known, sources.Key, "etcd:/a", sources.Query{Source: "etcd", Kind: sources.Key, Path: "a"}},
		{known, sources.Key, "consul:a@dc", sources.Query{Source: "consul", Kind: sources.Key, Path: "a", Options: sources.Options{Datacenter: "dc"}.Handle()}},
		{known, sources.Key, "/etcd:a", sources.Query{Source: "consul", Kind: sources.Key, Path: "etcd:a"}},
		{known, sources.Key, "http://x", sources.Query{Source: "consul", Kind: sources.Key, Path: "http://x"}},
		{naming("etcd", "etcd"), sources.Tree, "a@b", sources.Query{Source: "etcd", Kind: sources.Tree, Path: "a@b"}},
		{known, sources.Secret, "vault:secret/a", sources.Query{Source: "vault", Kind: sources.Secret, Path: "secret/a"}},
		{known, sources.Secret, " /secret/a/?version=3 ", sources.Query{Source: "vault", Kind: sources.Secret, Path: "secret/a", Options: sources.Options{Params: "version=3"}.Handle()}},
		{known, sources.Secret, "a?z=1&b=2", sources.Query{Source: "vault", Kind: sources.Secret, Path: "a", Options: sources.Options{Params: "b=2&z=1"}.Handle()}},
		{known, sources.File, " /a:b ", sources.Query{Source: "local", Kind: sources.File, Path: "/a:b"}},
	} {
		if got, err := c.naming.Query(c.kind, c.path); err != nil || got != c.want {
			t.Errorf("%s %q: %+v, %v\nwant %+v", c.kind, c.path, got, err, c.want)
		}
	}
}

func TestMalformedQueriesAreRefusedWithAHint(t *testing.T) {
	known := naming("consul", "consul")
	for _, c := range []struct {
		naming render.Naming
		kind   sources.Kind
		path   string
		want   string
	}{
		{render.Naming{}, sources.Key, "@dc", "invalid key path"},
		{render.Naming{}, sources.Key, "a@", "invalid key path"},
		{render.Naming{}, sources.Key, "a?", "invalid key path"},
		{render.Naming{}, sources.Key, "a@dc?ns=x", "invalid key path"},
		{render.Naming{}, sources.Key, "/", "invalid key path"},
		{render.Naming{}, sources.Tree, "@dc", "invalid tree path"},
		{render.Naming{}, sources.Key, "a?x=1", `unknown parameter "x"`},
		{render.Naming{}, sources.Key, "a?=1", `unknown parameter ""`},
		{naming("etcd", "etcd"), sources.Service, "web", `service "web" needs consul, which is not configured (configure sources.consul)`},
		{render.Naming{}, sources.Secret, " / ", "the path is empty"},
		{render.Naming{}, sources.File, "  ", "the path is empty"},
		{known, sources.Key, "etcd:a", "which is not configured"},
		{known, sources.Key, "vault:a", "secrets instead of keys"},
		{known, sources.Secret, "secret/a", "configure secrets.vault"},
		{naming(""), sources.Key, "a", "set sources.default"},
		{naming("etcd", "etcd"), sources.Key, "/", "the path is empty"},
	} {
		_, err := c.naming.Query(c.kind, c.path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasSuffix(err.Error(), ")") {
			t.Errorf("%s %q: error %v, want one with %q and a hint", c.kind, c.path, err, c.want)
		}
	}
}

func FuzzQuery(f *testing.F) {
	for _, seed := range []string{"a", "/a@dc", "a?ns=x&partition=y@dc", "etcd:a", "vault:b", "?", "@", "a?ns=%zz", "/?a@b", "s?version=3;x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		for _, n := range []render.Naming{{}, naming("etcd", "etcd", "consul", "vault")} {
			for _, kind := range []sources.Kind{sources.Key, sources.Tree, sources.File, sources.Secret, sources.SecretList} {
				q, err := n.Query(kind, path)
				if err != nil {
					continue
				}
				if q.Kind != kind || q.Source == "" || q.Path == "" && kind != sources.Tree {
					t.Errorf("%s %q became %+v", kind, path, q)
				}
				if q.Source == "consul" && strings.ContainsAny(q.Path, "@?") {
					t.Errorf("%q kept its options in %+v", path, q)
				}
			}
		}
	})
}
