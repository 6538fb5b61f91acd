package consul_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/sources"
	"concierge/sources/consul"
)

// guarded is a server that denies by default, and a source with every right.
func guarded(t *testing.T) (*testserver.Server, *consul.Source) {
	t.Helper()
	server := testserver.NewConsul(t, testserver.ConsulOptions{ACL: true})
	return server, open(t, consul.Config{Address: server.Addr, Token: secrets.NewText(server.Token)})
}

// grant makes a token with the policy.
func grant(t *testing.T, server *testserver.Server, policy string) secrets.Text {
	t.Helper()
	client, err := api.NewClient(&api.Config{Address: server.Addr, Token: server.Token})
	if err != nil {
		t.Fatal(err)
	}
	name := strings.NewReplacer("/", "-", ".", "-").Replace(filepath.Base(t.TempDir()) + t.Name())
	p, _, err := client.ACL().PolicyCreate(&api.ACLPolicy{Name: name, Rules: policy}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := client.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLLink{{ID: p.ID}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return secrets.NewText(token.SecretID)
}

func assertDenied(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, sources.ErrDenied) {
		t.Errorf("error is %v, want one of permission", err)
	}
	if !strings.Contains(err.Error(), "sources.consul.token") {
		t.Errorf("error %q has no hint", err)
	}
}

func TestDeniedIsNeverReportedAsAbsent(t *testing.T) {
	t.Parallel()
	server, admin := guarded(t)
	for _, k := range []string{"open/a", "open/b", "closed/a", "mixed/open/a", "mixed/closed"} {
		put(t, admin, k, "1")
	}
	s := open(t, consul.Config{Address: server.Addr, Token: grant(t, server,
		`key_prefix "open/" { policy = "read" } key_prefix "mixed/open/" { policy = "read" }`)})
	denied := []sources.Query{key("closed/a"), key("closed/none"), tree("closed/"), tree("mixed/")}
	allowed := []sources.Query{key("open/a"), key("open/none"), tree("open/"), key("mixed/open/a"), tree("mixed/open/")}
	f := follow(t, s, slices.Concat(denied, allowed)...)
	for _, q := range denied {
		assertDenied(t, f.awaitFailed(q))
	}
	f.await("what is allowed", func() bool { return len(f.values) >= len(allowed) })
	f.awaitAbsent(key("open/none"))
	f.awaitValue(key("mixed/open/a"), "1") // though the tree above it is denied
	put(t, admin, "mixed/open/a", "2")
	f.awaitValue(key("mixed/open/a"), "2")
	for _, q := range denied {
		if v := f.value(q); v.Exists || f.errors() > 0 {
			t.Errorf("%s is answered with %+v, %d outages", q, v, f.errors())
		}
	}
}

func TestKeysOfADirectoryThatMayNotBeListedAreReadSingly(t *testing.T) {
	t.Parallel()
	server, admin := guarded(t)
	const n = 12 // more than it takes to merge them
	queries := make([]sources.Query, n)
	policy := ""
	for i := range queries {
		queries[i] = key(fmt.Sprintf("app/k%02d", i))
		put(t, admin, queries[i].Path, "1")
		if i > 0 {
			policy += fmt.Sprintf("key %q { policy = \"read\" }\n", queries[i].Path)
		}
	}
	s := open(t, consul.Config{Address: server.Addr, Token: grant(t, server, policy)})
	f := follow(t, s, queries...)
	for _, q := range queries[1:] {
		f.awaitValue(q, "1")
	}
	assertDenied(t, f.awaitFailed(queries[0]))
	put(t, admin, queries[5].Path, "2")
	f.awaitValue(queries[5], "2")
}

func TestWrongTokenIsDeniedUntilTheFileHoldsAGoodOne(t *testing.T) {
	t.Parallel()
	server, admin := guarded(t)
	put(t, admin, "app/a", "1")
	file := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const wrong = "00000000-dead-beef-0000-000000000000"
	write(wrong)
	s := open(t, consul.Config{Address: server.Addr, TokenFile: file})
	f := follow(t, s, key("app/a"), tree("app/"))
	err := f.awaitFailed(key("app/a"))
	assertDenied(t, err)
	if strings.Contains(err.Error(), wrong) {
		t.Errorf("error %q shows the token", err)
	}
	if _, err := s.Get(t.Context(), "app/a"); err == nil {
		t.Error("a wrong token reads keys")
	} else {
		assertDenied(t, err)
	}
	write(grant(t, server, `key_prefix "app/" { policy = "read" }`).Reveal())
	f.awaitValue(key("app/a"), "1")
	f.await("the tree", func() bool { return f.values[tree("app/")].Exists && len(f.failed) == 0 })
}

func TestTokenThatLosesItsRightsKeepsTheLastAnswer(t *testing.T) {
	t.Parallel()
	server, admin := guarded(t)
	put(t, admin, "app/a", "1")
	file := filepath.Join(t.TempDir(), "token")
	good := grant(t, server, `key_prefix "app/" { policy = "read" }`)
	if err := os.WriteFile(file, []byte(good.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, consul.Config{Address: server.Addr, TokenFile: file})
	f := follow(t, s, key("app/a"), tree("app/"))
	f.awaitValue(key("app/a"), "1")
	f.await("the tree", func() bool { return f.values[tree("app/")].Exists })

	if err := os.WriteFile(file, nil, 0o600); err != nil { // nobody, who may nothing
		t.Fatal(err)
	}
	put(t, admin, "app/a", "2") // ends the poll of the good token
	f.awaitValue(key("app/a"), "2")
	put(t, admin, "app/a", "3") // wakes the poll of nobody
	assertDenied(t, f.awaitFailed(tree("app/")))
	assertDenied(t, f.awaitFailed(key("app/a")))
	f.awaitValue(key("app/a"), "2")
	for _, u := range f.all() {
		for q, v := range u.Values {
			if !v.Exists {
				t.Errorf("%s reported absent", q)
			}
		}
	}
}

func TestDefaultTokenOfTheAgentIsTrusted(t *testing.T) {
	t.Parallel()
	server, admin := guarded(t)
	put(t, admin, "app/a", "1")
	// Without a token Consul hides that it left something out; the agent's
	// default token may see everything here, so an empty tree is empty.
	s := open(t, consul.Config{Address: server.Addr})
	f := follow(t, s, tree("none/"))
	assertDenied(t, f.awaitFailed(tree("none/")))

	client, err := api.NewClient(&api.Config{Address: server.Addr, Token: server.Token})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Agent().UpdateDefaultACLToken(server.Token, nil); err != nil {
		t.Fatal(err)
	}
	f.awaitAbsent(tree("none/"))
	f.want(tree("none/"), tree("app/"), key("app/a"))
	f.awaitValue(key("app/a"), "1")
}

func TestMissingTokenFileIsAnOutageThatNamesTheFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "token")
	s := open(t, consul.Config{Address: testserver.Consul(t).Addr, TokenFile: file})
	f := follow(t, s, key(testserver.Prefix(t)+"a"))
	f.awaitAway()
	if text := f.all()[0].Err.Error(); !strings.Contains(text, file) {
		t.Errorf("error %q does not name the file", text)
	}
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	f.awaitBack()
}
