package agent_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/internal/agent"
	"concierge/internal/exit"
	"concierge/internal/testserver"
)

const demoTemplate = `{{ tree "%s/" | explode | toYAML }}`

func TestSameTreeGivesTheSameBytesFromEveryStore(t *testing.T) {
	consul, etcd := testserver.Consul(t), testserver.Etcd(t)
	prefix := strings.Trim(testserver.Prefix(t), "/")
	keys := map[string]string{
		"port": "8080", "name": "wéb", "empty": "", "db/host": "db.example.org", "db/pool/max": "10",
		"text": "two\nlines", "yes": "true", "spaces": "  x ",
	}
	dir := t.TempDir()
	sources := map[string]string{
		"consul": "consul: {address: " + consul.Addr + "}",
		"etcd":   "etcd: {endpoints: [" + etcd.Addr + "]}",
		"file":   "file: {path: kv}",
	}
	outputs := make(map[string]string)
	for name, yaml := range sources {
		configuration := fmt.Sprintf("sources: {%s}\ntemplates: [{contents: '%s', destination: %s.yml}]\n",
			yaml, fmt.Sprintf(demoTemplate, prefix), name)
		if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(configuration), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := load(dir, false)()
		if err != nil {
			t.Fatal(err)
		}
		s, err := agent.OpenStore(cfg, name, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		for key, value := range keys {
			put(t, s, prefix+"/"+key, value)
		}
		status, err := agent.Render(t.Context(), agent.Options{Load: load(dir, false), Log: slog.New(slog.DiscardHandler)},
			agent.RenderOptions{Timeout: 20 * time.Second})
		if status != exit.OK {
			t.Fatalf("%s: status %d, %v", name, status, err)
		}
		b, err := os.ReadFile(filepath.Join(dir, name+".yml"))
		if err != nil {
			t.Fatal(err)
		}
		outputs[name] = string(b)
	}
	if outputs["consul"] != outputs["etcd"] || outputs["consul"] != outputs["file"] || !strings.Contains(outputs["file"], "max: \"10\"") {
		t.Errorf("outputs differ:\nconsul:\n%s\netcd:\n%s\nfile:\n%s", outputs["consul"], outputs["etcd"], outputs["file"])
	}
}

// faithful is a process that logs its start, each reload and the configuration
// it then sees.
const faithful = `
process:
  command:
    - sh
    - -c
    - |
      trap 'echo "reload $(cat DIR/out)" >>DIR/events' HUP
      trap 'exit 0' TERM
      echo "start $(cat DIR/out)" >>DIR/events
      while :; do sleep 0.02; done
  reload: {signal: HUP}
`

func TestProcessOutlivesOutagesAndFollowsAgain(t *testing.T) {
	t.Run("consul", func(t *testing.T) {
		server := testserver.NewConsul(t, testserver.ConsulOptions{})
		keys := store(t, "consul", server)
		put(t, keys, "app/port", "1")
		i := run(t, `
sources: {consul: {address: `+server.Addr+`}}
templates: [{contents: '{{ key "app/port" }}', destination: DIR/out}]
`+faithful)
		outage(t, i, server, func(value string) { put(t, keys, "app/port", value) })
	})
	t.Run("etcd", func(t *testing.T) {
		server := testserver.NewEtcd(t, testserver.EtcdOptions{})
		keys := store(t, "etcd", server)
		put(t, keys, "app/port", "1")
		i := run(t, `
sources: {etcd: {endpoints: [`+server.Addr+`]}}
templates: [{contents: '{{ key "app/port" }}', destination: DIR/out}]
`+faithful)
		outage(t, i, server, func(value string) { put(t, keys, "app/port", value) })
	})
	t.Run("vault", func(t *testing.T) {
		server := testserver.NewVault(t, testserver.VaultOptions{})
		putSecret(t, server, "app", "port", "1")
		i := run(t, `
sources: {file: {path: DIR}}
secrets: {vault: {address: '`+server.URL()+`', token: '`+server.Token+`', refresh: 200ms}}
templates: [{contents: '{{ with secret "secret/app" }}{{ .Data.data.port }}{{ end }}', destination: DIR/out}]
`+faithful)
		outage(t, i, server, func(value string) { putSecret(t, server, "app", "port", value) })
	})
}

// outage takes the server away and back twice (stopped, then killed) and
// expects one log line each, an untouched process, and the next change.
func outage(t *testing.T, i *instance, server *testserver.Server, change func(string)) {
	t.Helper()
	i.file("events", "start 1\n")
	change("2")
	i.file("events", "start 1\nreload 2\n")
	want := "start 1\nreload 2\n"
	for n, down := range []func(){server.Stop, server.Kill} {
		before := strings.Count(i.log.String(), "source is back")
		down()
		eventually(t, "the outage is logged", func() bool {
			return strings.Count(i.log.String(), "source is away") > before
		}, i.log.String)
		if got := i.read("events"); got != want {
			t.Errorf("the outage reached the process: %q, want %q", got, want)
		}
		server.Start()
		value := fmt.Sprint(n + 3)
		change(value)
		want += "reload " + value + "\n"
		i.file("events", want)
		if away := strings.Count(i.log.String(), "source is away"); away != n+1 {
			t.Errorf("%d log lines for %d outages:\n%s", away, n+1, i.log)
		}
	}
	i.signal(syscall.SIGTERM)
	if status := i.wait(); status != 0 {
		t.Errorf("status %d, want the process's own 0", status)
	}
}

func TestTransactionIsOneRenderAndOneSignal(t *testing.T) {
	server := testserver.Etcd(t)
	prefix := strings.Trim(testserver.Prefix(t), "/")
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{server.Addr}, DialTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Close() }()
	// 50 keys in five folders, read by single keys and by trees.
	var text strings.Builder
	var names []string
	for n := range 50 {
		names = append(names, fmt.Sprintf("%s/%d/key%02d", prefix, n%5, n))
		if n%5 < 3 {
			fmt.Fprintf(&text, `{{ key "%s" }} `, names[n])
		}
	}
	fmt.Fprintf(&text, `{{ range tree "%s/3/" }}{{ .Value }} {{ end }}{{ range tree "%s/4/" }}{{ .Value }} {{ end }}`, prefix, prefix)
	transaction := func(value string) {
		var ops []clientv3.Op
		for _, name := range names {
			ops = append(ops, clientv3.OpPut(name, value))
		}
		if _, err := client.Txn(t.Context()).Then(ops...).Commit(); err != nil {
			t.Fatal(err)
		}
	}
	output := func(value string) string { return strings.Repeat(value+" ", 50) }
	transaction("a")
	i := run(t, `
sources: {etcd: {endpoints: [`+server.Addr+`]}}
templates: [{contents: '`+text.String()+`', destination: DIR/out}]
`+faithful)
	want := "start " + output("a") + "\n"
	i.file("events", want)
	for _, value := range []string{"b", "c", "d", "e"} {
		transaction(value)
		want += "reload " + output(value) + "\n"
		i.file("events", want)
	}
	i.signal(syscall.SIGTERM)
	i.wait()
	if got := i.read("events"); got != want {
		t.Errorf("events %q, want %q", got, want)
	}
	if applied := strings.Count(i.log.String(), "msg=applied"); applied != 5 {
		t.Errorf("%d applications, want 1 at the start and 1 for each of 4 transactions", applied)
	}
}

func TestSecretsNeverReachTheLog(t *testing.T) {
	server := testserver.Vault(t)
	const password = "hunter2-but-longer"
	putSecret(t, server, "redaction", "password", password)
	i := run(t, `
log: {level: debug}
sources: {file: {path: DIR}}
secrets: {vault: {address: '`+server.URL()+`', token: '`+server.Token+`'}}
templates:
  - contents: '{{ with secret "secret/redaction" }}{{ .Data.data.password }}{{ end }}'
    destination: DIR/checked
    check: {command: [sh, -c, 'cat {{path}}; base64 {{path}}; cut -c1-3 {{path}}; exit 1']}
  - contents: '{{ with secret "secret/redaction" }}{{ .Data.data.password | parseInt }}{{ end }}'
    destination: DIR/failing
  - contents: '{{ with secret "secret/redaction" }}{{ .Data.data.password }}{{ end }}'
    destination: DIR/good
  - contents: '{{ with secret "secret/redaction" }}{{ key .Data.data.password }}{{ end }}'
    destination: DIR/computed
`)
	i.logged("template waits for data")
	i.logged("check refused")
	i.logged("template failed")
	i.file("good", password)
	if info, err := os.Stat(filepath.Join(i.dir, "good")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a file with a secret has mode %v, want 0600", info.Mode())
	}
	i.signal(syscall.SIGTERM)
	i.wait()
	for _, secret := range []string{password, server.Token + "\"", base64.StdEncoding.EncodeToString([]byte(password))[:8], "hun"} {
		if strings.Contains(i.log.String(), secret) {
			t.Errorf("the log tells %q:\n%s", secret, i.log)
		}
	}
}

func TestDiffMasksWhatATemplateMakesOfASecret(t *testing.T) {
	server := testserver.Vault(t)
	putSecret(t, server, "masked", "password", "correct-horse")
	dir := t.TempDir()
	configuration := `
sources: {file: {path: kv}}
secrets: {vault: {address: '` + server.URL() + `', token: '` + server.Token + `'}}
templates:
  - contents: "user: web\npassword: {{ with secret \"secret/masked\" }}{{ .Data.data.password | base64Encode }}{{ end }}\n"
    destination: out
`
	if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "out"), []byte("user: web\npassword: b2xkLXNlY3JldA==\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[agent.RenderMode]string{agent.Diff: "+password: ", agent.Print: "password: "} {
		var out bytes.Buffer
		status, err := agent.Render(t.Context(), agent.Options{Load: load(dir, false), Log: slog.New(slog.DiscardHandler), Stdout: &out},
			agent.RenderOptions{Mode: mode, Timeout: 20 * time.Second})
		if err != nil {
			t.Fatal(status, err)
		}
		if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), "user: web") {
			t.Errorf("mode %d does not show the change:\n%s", mode, &out)
		}
		for _, secret := range []string{"correct-horse", "Y29ycmVjdC1ob3JzZQ==", "b2xkLXNlY3JldA=="} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("mode %d shows %q:\n%s", mode, secret, &out)
			}
		}
	}
}

func TestWrongTokenIsToldAtOnceAndLeavesNothing(t *testing.T) {
	consul := testserver.NewConsul(t, testserver.ConsulOptions{ACL: true})
	vault := testserver.Vault(t)
	for name, c := range map[string]struct{ configuration, hint string }{
		"consul": {`
sources: {consul: {address: ` + consul.Addr + `, token: 11111111-2222-3333-4444-555555555555}}
templates: [{contents: '{{ key "app/port" }}', destination: out}]
`, "sources.consul.token"},
		"vault": {`
sources: {file: {path: kv}}
secrets: {vault: {address: '` + vault.URL() + `', token: wrong-token}}
templates: [{contents: '{{ with secret "secret/app" }}{{ .Data.data.port }}{{ end }}', destination: out}]
`, "secrets.vault"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(c.configuration), 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		status, err := agent.Render(t.Context(), agent.Options{Load: load(dir, false), Log: slog.New(slog.DiscardHandler)},
			agent.RenderOptions{Timeout: time.Minute})
		if status != exit.Store || err == nil || !strings.Contains(err.Error(), c.hint) || !strings.Contains(err.Error(), "denied") {
			t.Errorf("%s: status %d, %v; want %d and a hint at %s", name, status, err, exit.Store, c.hint)
		}
		if time.Since(began) > 30*time.Second {
			t.Errorf("%s: waited for the deadline", name)
		}
		if strings.Contains(fmt.Sprint(err), "wrong-token") || strings.Contains(fmt.Sprint(err), "11111111") {
			t.Errorf("%s: the error tells the token: %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "out")); err == nil {
			t.Errorf("%s: an output was written", name)
		}
	}
}

func TestCommandsOfARenderingDoNotInheritCredentials(t *testing.T) {
	dir := t.TempDir()
	configuration := `
sources: {file: {path: kv}}
templates:
  - contents: x
    destination: out
    check: {command: [sh, -c, 'env >` + dir + `/check']}
    on_change: {command: [sh, -c, 'env >` + dir + `/act']}
`
	if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"PATH=" + os.Getenv("PATH"), "KEPT=1", "VAULT_TOKEN=t", "CONSUL_HTTP_TOKEN=t", "ETCDCTL_PASSWORD=t", "CONCIERGE_VAULT_TOKEN=t"}
	status, err := agent.Render(t.Context(), agent.Options{Load: load(dir, false), Log: slog.New(slog.DiscardHandler), Environ: environ},
		agent.RenderOptions{})
	if status != exit.OK {
		t.Fatal(err)
	}
	for _, name := range []string{"check", "act"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || !strings.Contains(string(b), "KEPT=1") || strings.Contains(string(b), "=t\n") {
			t.Errorf("%s: %v; environment:\n%s", name, err, b)
		}
	}
}
