// Package examples runs every example as a user would: with the binary.
package examples

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"concierge/internal/testserver"
)

// binary builds concierge once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "concierge-examples-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "concierge")
	cmd := exec.Command("go", "build", "-o", path, "concierge/cmd/concierge")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if path, err := binary(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

// example copies an example into a directory of its own and returns that.
func example(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	return dir
}

func concierge(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(path, args...)
}

func must(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, &stderr)
	}
	return string(out)
}

// lines is what a running process printed so far.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) { l.mu.Lock(); defer l.mu.Unlock(); return l.b.Write(p) }
func (l *lines) String() string              { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func (l *lines) await(t *testing.T, want string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if strings.Contains(l.String(), want) {
			return
		}
	}
	t.Fatalf("%q was never printed:\n%s", want, l)
}

// start starts concierge and stops it with the test.
func start(t *testing.T, cmd *exec.Cmd) *lines {
	t.Helper()
	out := new(lines)
	cmd.Stdout, cmd.Stderr = out, io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return out
}

func TestQuickstartShowsAChangeAndARestart(t *testing.T) {
	dir := example(t, "quickstart")
	config := filepath.Join(dir, "concierge.yaml")
	out := start(t, concierge(t, "run", "--config", config))
	out.await(t, "Hello, world!")
	must(t, concierge(t, "kv", "put", "app/greeting", "Good evening", "--config", config))
	out.await(t, "configuration changed:\nGood evening, world!")
	must(t, concierge(t, "kv", "put", "app/name", "moon", "--config", config))
	out.await(t, "Good evening, moon!")
}

func TestCIRendersBothFiles(t *testing.T) {
	dir := example(t, "ci")
	must(t, concierge(t, "render", "--config", filepath.Join(dir, "concierge.yaml")))
	for name, want := range map[string]string{
		"deploy.yaml": "replicas: 2\nimage: registry.example.org/app:1.4\nfeatures:\n  export: \"false\"\n  search: \"true\"\n",
		"deploy.env":  "FEATURE_EXPORT=false\nFEATURE_SEARCH=true\n",
	} {
		if b, err := os.ReadFile(filepath.Join(dir, "out", name)); err != nil || string(b) != want {
			t.Errorf("%s is %q (%v), want %q", name, b, err, want)
		}
	}
}

func TestChecksKeepTheFile(t *testing.T) {
	dir := example(t, "checks")
	config, settings, out := filepath.Join(dir, "concierge.yaml"), filepath.Join(dir, "settings.yaml"), filepath.Join(dir, "out", "app.json")
	must(t, concierge(t, "render", "--config", config))
	good, err := os.ReadFile(out)
	if err != nil || !bytes.Contains(good, []byte(`"10.0.0.3:8080"`)) {
		t.Fatalf("%s (%v)", good, err)
	}
	for _, c := range []struct{ old, new, want string }{
		{"port: 8080", "port: 0", "the rule /properties/port/minimum of the schema is not kept"},
		{"port: 8080", "port: '80,'", "is not valid json, line 3, column 14"},
		{"name: shop", "name: ''", "app/name is empty (guard.nonempty)"},
		{"name: shop", "title: shop", "app/name does not exist (guard.require)"},
		{"    one: 10.0.0.1:8080\n    two: 10.0.0.2:8080\n", "    # two are away\n", "has 1 of at least 2 keys (guard.min_keys)"},
	} {
		replace(t, settings, c.old, c.new)
		cmd := concierge(t, "render", "--config", config, "--timeout", "20s")
		text, err := cmd.CombinedOutput()
		if cmd.ProcessState.ExitCode() != 14 || !strings.Contains(string(text), c.want) {
			t.Errorf("%q: %v: %s", c.new, err, text)
		}
		if b, err := os.ReadFile(out); err != nil || !bytes.Equal(b, good) {
			t.Errorf("%q changed the file: %s (%v)", c.new, b, err)
		}
		replace(t, settings, c.new, c.old)
	}
}

func TestJobsRollABadChangeBack(t *testing.T) {
	dir := example(t, "jobs")
	greeting, served := filepath.Join(dir, "config", "greeting"), filepath.Join(dir, "run", "greeting")
	cmd := concierge(t, "run", "--config", "concierge.yaml", "--control-socket", "none")
	cmd.Dir = dir
	out := start(t, cmd)
	out.await(t, "prepare | preparing\n")
	out.await(t, "process | serving: Good morning\n")
	out.await(t, "clock | ")
	write := func(text string) {
		if err := os.WriteFile(greeting, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Sorry")
	out.await(t, "serving: Sorry\nprocess | serving: Good morning\n")
	if b, err := os.ReadFile(served); err != nil || string(b) != "Good morning\n" {
		t.Errorf("the file is %q (%v)", b, err)
	}
	write("Good day")
	out.await(t, "process | serving: Good day\n")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	out.await(t, "farewell | bye\n")
}

// TestContainerFollowsTheStoreOfItsEnvironment runs the entrypoint of the
// Dockerfile, without an image around it: the store is named by a variable.
func TestContainerFollowsTheStoreOfItsEnvironment(t *testing.T) {
	consul, etcd := testserver.Consul(t), testserver.Etcd(t)
	for name, variable := range map[string]string{
		"consul": "CONSUL_HTTP_ADDR=" + consul.Addr, "etcd": "ETCDCTL_ENDPOINTS=" + etcd.Addr,
	} {
		t.Run(name, func(t *testing.T) {
			dir := example(t, "container")
			config := filepath.Join(dir, "concierge.yaml")
			destination := filepath.Join(dir, "app.conf")
			replace(t, config, "/run/app/app.conf", destination)
			run := concierge(t, "run", "--config", config, "--", "sh", "-c",
				"cat "+destination+"; while :; do sleep 60 & wait $!; done")
			run.Env = append(os.Environ(), variable, "HOSTNAME=box")
			out := start(t, run)
			out.await(t, "port = 8080\nhost = box\n")
			put := concierge(t, "kv", "put", "app/port", "9090")
			put.Dir, put.Env = t.TempDir(), append(os.Environ(), variable)
			must(t, put)
			out.await(t, "port = 9090\nhost = box\n")
		})
	}
}

func TestDockerfilesCopyFilesThatExist(t *testing.T) {
	for _, name := range []string{"container/Dockerfile", "container/Dockerfile.scratch"} {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			for _, word := range strings.Fields(line) {
				if strings.HasPrefix(word, "examples/") {
					if _, err := os.Stat(filepath.Join("..", word)); err != nil {
						t.Errorf("%s: %v", name, err)
					}
				}
			}
		}
	}
}

// TestEveryExampleIsValid also covers what the other tests do not run.
func TestEveryExampleIsValid(t *testing.T) {
	found := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == "concierge.yaml" {
			found++
			must(t, concierge(t, "validate", "--config", path))
		}
		return err
	})
	if err != nil || found < 3 {
		t.Errorf("validated %d examples: %v", found, err)
	}
}

func replace(t *testing.T, path, old, new string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b, []byte(old)) {
		t.Fatalf("%s does not say %q", path, old)
	}
	if err := os.WriteFile(path, bytes.ReplaceAll(b, []byte(old), []byte(new)), 0o600); err != nil {
		t.Fatal(err)
	}
}
