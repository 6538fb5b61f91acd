package agent_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"concierge/internal/agent"
	"concierge/internal/exit"
	"concierge/internal/testserver"
)

func TestReloadMovesToAnotherStoreWithoutMixing(t *testing.T) {
	first, second := testserver.Consul(t), testserver.NewConsul(t, testserver.ConsulOptions{})
	put(t, store(t, "consul", first), "move/a", "first a")
	put(t, store(t, "consul", first), "move/b", "first b")
	put(t, store(t, "consul", second), "move/a", "second a")
	configuration := `
sources: {consul: {address: ADDR}}
templates: [{contents: '{{ key "move/a" }}, {{ key "move/b" }}', destination: DIR/out}]
` + faithful
	i := run(t, strings.ReplaceAll(configuration, "ADDR", first.Addr))
	i.file("events", "start first a, first b\n")
	i.write("concierge.yaml", strings.ReplaceAll(configuration, "ADDR", second.Addr))
	i.signal(syscall.SIGHUP)
	i.logged("template waits for data") // move/b is not there
	if got := i.read("out"); got != "first a, first b" {
		t.Errorf("two stores were mixed: %q", got)
	}
	put(t, store(t, "consul", second), "move/b", "second b")
	i.file("events", "start first a, first b\nreload second a, second b\n")
}

func TestTwoInstancesRunAtOnce(t *testing.T) {
	configuration := `
sources: {file: {path: DIR/kv.yaml}}
templates: [{contents: '{{ key "a" }}', destination: DIR/out}]
` + faithful
	var all []*instance
	for range 2 {
		all = append(all, run(t, configuration))
	}
	for n, i := range all {
		i.write("kv.yaml", "a: "+strings.Repeat("x", n+1))
	}
	for n, i := range all {
		i.file("events", "start "+strings.Repeat("x", n+1)+"\n")
	}
	for _, i := range all {
		i.signal(syscall.SIGTERM)
		if status := i.wait(); status != 0 {
			t.Errorf("status %d", status)
		}
	}
}

func TestProcessThatCannotBeReplacedGoesOn(t *testing.T) {
	configuration := `
sources: {file: {path: DIR/kv.yaml}}
templates: [{contents: '{{ key "file" }}', destination: DIR/out}]
env: [{name: V, value: '{{ key "env" }}'}]
` + faithful
	const broken = "process:\n  dir: DIR/no-such-directory\n"
	i := run(t, configuration)
	i.write("kv.yaml", "file: f1\nenv: e1\n")
	i.file("events", "start f1\n")

	// A value that no environment can hold: the process is not stopped for it,
	// and still hears of its file.
	i.write("kv.yaml", "file: f2\nenv: "+strings.Repeat("x", 200<<10)+"\n")
	i.logged("process was not restarted")
	i.file("events", "start f1\nreload f2\n")

	// A configuration whose process cannot start.
	i.write("concierge.yaml", strings.Replace(configuration, "process:\n", broken, 1))
	i.signal(syscall.SIGHUP)
	i.logged("no-such-directory")
	i.write("kv.yaml", "file: f3\nenv: e1\n")
	i.file("events", "start f1\nreload f2\nreload f3\n")

	i.write("concierge.yaml", configuration)
	i.signal(syscall.SIGHUP)
	i.write("kv.yaml", "file: f3\nenv: e2\n")
	i.file("events", "start f1\nreload f2\nreload f3\nstart f3\n")
	i.signal(syscall.SIGTERM)
	if status := i.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
}

func TestOnceThatIsStoppedBeforeItIsDoneIsNoSuccess(t *testing.T) {
	dir := t.TempDir()
	yaml := "sources: {file: {path: " + dir + "}}\ntemplates:\n  - {contents: '{{ key \"absent\" }}', destination: " + dir + "/out}\n"
	if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	signals := make(chan os.Signal, 1)
	signals <- syscall.SIGTERM
	status, err := agent.Run(t.Context(), agent.Options{
		Load: load(dir, true), Environ: os.Environ(), Signals: signals, Log: slog.New(slog.DiscardHandler), Once: true,
	})
	if status != exit.Interrupted || err != nil {
		t.Errorf("status %d, error %v", status, err)
	}
}

// TestNewProcessTakesOverWithItsFiles reloads a configuration in which a file
// and the process change: the old process must not hear of the new file.
func TestNewProcessTakesOverWithItsFiles(t *testing.T) {
	const yaml = `
sources: {file: {path: DIR/kv.yaml}}
templates:
  - {contents: 'NAME {{ key "a" }}', destination: DIR/out}
process:
  command: [sh, -c, 'trap "echo NAME told >> DIR/log" USR1; echo NAME started with $(cat DIR/out) >> DIR/log; while :; do sleep 0.02; done']
  RELOAD
`
	config := func(name, reload string) string {
		return strings.NewReplacer("NAME", name, "RELOAD", reload).Replace(yaml)
	}
	i := run(t, config("old", "dir: /"))
	i.write("kv.yaml", "a: 1")
	i.file("log", "old started with old 1\n")
	i.write("concierge.yaml", config("new", "reload: {signal: USR1}"))
	i.signal(syscall.SIGHUP)
	i.file("log", "old started with old 1\nnew started with new 1\n")
	i.write("kv.yaml", "a: 2")
	i.file("log", "old started with old 1\nnew started with new 1\nnew told\n")
}
