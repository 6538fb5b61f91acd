package agent_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/agent"
	"concierge/internal/exit"
	"concierge/internal/testserver"
	"concierge/sources"
)

// guardedTree is a template of a tree, and a process that tells what it sees.
const guardedTree = `
templates:
  - contents: '{{ range tree "PREFIX" }}{{ .Key }}={{ .Value }} {{ end }}'
    destination: DIR/out
    guard: GUARD
` + faithful

// fill puts five keys below a prefix, with value as their value.
func fill(t *testing.T, s sources.Store, prefix, value string) {
	t.Helper()
	for _, key := range []string{"a", "b", "c", "d", "e"} {
		put(t, s, prefix+"/"+key, value)
	}
}

func filledWith(value string) string {
	return strings.ReplaceAll("a=V b=V c=V d=V e=V ", "V", value)
}

func TestStoreThatLostItsDataDoesNotEmptyAFile(t *testing.T) {
	consul, etcd := testserver.Consul(t), testserver.Etcd(t)
	lose := func(t *testing.T, s sources.Store, prefix string) {
		if n, err := s.DeleteTree(t.Context(), prefix+"/"); err != nil || n != 5 {
			t.Fatalf("%d keys deleted: %v", n, err)
		}
	}
	for name, c := range map[string]struct {
		store  string
		server *testserver.Server
		guard  string
		damage func(t *testing.T, s sources.Store, prefix string)
		want   string // in the log
	}{
		"etcd, number of keys":   {"etcd", etcd, "{min_keys: [{prefix: PREFIX, count: 5}]}", lose, "has 0 of at least 5 keys (guard.min_keys)"},
		"consul, number of keys": {"consul", consul, "{min_keys: [{prefix: PREFIX, count: 5}]}", lose, "has 0 of at least 5 keys (guard.min_keys)"},
		"etcd, a key":            {"etcd", etcd, "{require: [PREFIX/e]}", lose, "/e does not exist (guard.require)"},
		"consul, a prefix":       {"consul", consul, "{require: [PREFIX/], max_shrink: 0%}", lose, "has 0 of at least 1 keys (guard.require)"},
		"etcd, size":             {"etcd", etcd, "{max_shrink: 50%}", lose, "is 0 bytes instead of 75, more than 50% smaller"},
		"consul, size":           {"consul", consul, "{max_shrink: 99%}", lose, "is 0 bytes instead of 75, more than 99% smaller"},
		"etcd, an empty value": {"etcd", etcd, "{nonempty: [PREFIX/]}", func(t *testing.T, s sources.Store, prefix string) {
			put(t, s, prefix+"/e", "")
		}, "/e is empty (guard.nonempty)"},
		"consul, any empty value": {"consul", consul, "{nonempty: [/]}", func(t *testing.T, s sources.Store, prefix string) {
			put(t, s, prefix+"/e", "")
		}, "/e is empty (guard.nonempty)"},
	} {
		t.Run(name, func(t *testing.T) {
			prefix := strings.Trim(testserver.Prefix(t), "/")
			keys := store(t, c.store, c.server)
			first, second := strings.Repeat("1", 12), strings.Repeat("2", 12)
			fill(t, keys, prefix, first)
			settings := "sources: {etcd: {endpoints: [" + etcd.Addr + "]}, consul: {address: " + consul.Addr + "}, default: " + c.store + "}\n"
			i := run(t, settings+strings.NewReplacer("GUARD", c.guard, "PREFIX", prefix).Replace(strings.Replace(guardedTree, "GUARD", c.guard, 1)))
			i.file("events", "start "+filledWith(first)+"\n")

			c.damage(t, keys, prefix)
			i.logged(c.want)
			if got := i.read("out"); got != filledWith(first) {
				t.Errorf("the file was changed: %q", got)
			}

			fill(t, keys, prefix, second)
			eventually(t, "the process sees all", func() bool {
				return strings.HasSuffix(i.read("events"), "reload "+filledWith(second)+"\n")
			}, func() string { return i.read("events") })
			i.signal(syscall.SIGTERM)
			i.wait()
			if events := i.read("events"); strings.Contains(events, "reload \n") {
				t.Errorf("the process saw %q", events)
			}
			if held := strings.Count(i.log.String(), c.want); held != 1 {
				t.Errorf("it was told %d times:\n%s", held, i.log)
			}
		})
	}
}

func TestShrinkThatIsMeantPassesWithAnotherGuard(t *testing.T) {
	server := testserver.Etcd(t)
	prefix := strings.Trim(testserver.Prefix(t), "/")
	keys := store(t, "etcd", server)
	fill(t, keys, prefix, "1")
	yaml := func(guard string) string {
		return "sources: {etcd: {endpoints: [" + server.Addr + "]}}\n" + strings.NewReplacer("GUARD", guard, "PREFIX", prefix).Replace(guardedTree)
	}
	i := run(t, yaml("{max_shrink: 30%}"))
	i.file("out", filledWith("1"))
	for _, key := range []string{"/b", "/c"} { // each alone is allowed
		if err := keys.Delete(t.Context(), prefix+key); err != nil {
			t.Fatal(err)
		}
		want := "a=1 c=1 d=1 e=1 "
		if key == "/c" {
			want = "a=1 d=1 e=1 "
		}
		i.file("out", want)
	}
	if n, err := keys.DeleteTree(t.Context(), prefix+"/"); err != nil || n != 3 {
		t.Fatal(n, err)
	}
	i.logged("is 0 bytes instead of 12, more than 30% smaller")
	i.write("concierge.yaml", yaml("{}"))
	i.signal(syscall.SIGHUP)
	i.file("out", "")
}

func TestGuardThatHoldsEndsARenderingLikeACheck(t *testing.T) {
	dir := t.TempDir()
	files := map[string]string{
		"kv.yaml": "app: {name: '', port: 1}\n",
		"out":     strings.Repeat("x", 100),
		"other":   "old",
	}
	for _, c := range []struct{ guard, want string }{
		{"require: [app/absent]", "app/absent does not exist (guard.require)"},
		{"min_keys: [{prefix: app, count: 3}]", "has 2 of at least 3 keys (guard.min_keys)"},
		{"nonempty: [app/name]", "app/name is empty (guard.nonempty)"},
		{"max_shrink: 10%", "instead of 100, more than 10% smaller"},
	} {
		files["concierge.yaml"] = "sources: {file: {path: kv.yaml}}\ntemplates:\n" +
			"- {contents: '{{ tree \"app\" | len }}', destination: out, set: s, guard: {" + c.guard + "}}\n" +
			"- {contents: new, destination: other, set: s}\n"
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		status, err := agent.Render(t.Context(), agent.Options{Load: load(dir, false), Log: slog.New(slog.DiscardHandler)},
			agent.RenderOptions{Timeout: 20 * time.Second})
		if status != exit.Failed || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: status %d, %v", c.guard, status, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "other")); err != nil || string(b) != "old" {
			t.Errorf("%s: half of the set was changed: %q %v", c.guard, b, err)
		}
	}
}

func TestWrongGuardIsAConfigurationError(t *testing.T) {
	dir := t.TempDir()
	yaml := "sources: {file: {path: kv.yaml}}\ntemplates: [{contents: x, destination: out, guard: {require: ['etcd:a']}}]\n"
	if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := load(dir, false)()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := agent.Validate(cfg, nil); exit.Code(err) != exit.Config || !strings.Contains(err.Error(), "guard.require") {
		t.Errorf("status %d, %v", exit.Code(err), err)
	}
}

func TestEmptyFieldOfASecretIsHeldBack(t *testing.T) {
	server := testserver.Vault(t)
	putSecret(t, server, "guarded", "password", "")
	i := run(t, `
sources: {file: {path: DIR}}
secrets: {vault: {address: '`+server.URL()+`', token: '`+server.Token+`', refresh: 200ms}}
templates: [{contents: 'password={{ with secret "secret/guarded" }}{{ .Data.data.password }}{{ end }}', destination: DIR/out, guard: {nonempty: [/]}}]
`)
	i.logged("vault:secret/guarded#password is empty (guard.nonempty)")
	putSecret(t, server, "guarded", "password", "s3cret-enough")
	i.file("out", "password=s3cret-enough")
	i.logged("guard lets the set go")
}
