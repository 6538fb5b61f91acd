package agent_test

import (
	"strings"
	"syscall"
	"testing"

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
