package agent_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"concierge/internal/agent"
)

// receiver keeps the StatsD lines that reach a socket in dir.
type receiver struct {
	mu    sync.Mutex
	lines []string    // guarded by mu
	at    []time.Time // guarded by mu; when each came
}

func receive(t *testing.T, path string) *receiver {
	t.Helper()
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	r, done := new(receiver), make(chan struct{})
	go func() {
		defer close(done)
		packet := make([]byte, 64<<10)
		for {
			n, err := conn.Read(packet)
			if err != nil {
				return
			}
			r.mu.Lock()
			for line := range strings.SplitSeq(string(packet[:n]), "\n") {
				r.lines, r.at = append(r.lines, line), append(r.at, time.Now())
			}
			r.mu.Unlock()
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return r
}

// first waits for a line that begins like that and returns when it came.
func (r *receiver) first(t *testing.T, begin string) (at time.Time) {
	t.Helper()
	look := func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		for i, line := range r.lines {
			if strings.HasPrefix(line, begin) {
				at = r.at[i]
				return true
			}
		}
		return false
	}
	eventually(t, "a line begins with "+begin, look, func() string { return r.all() })
	return at
}

func (r *receiver) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

const measured = `
metrics:
  host: box
  interval: 1s
  heartbeat: 60s
  own: false
  container: {off: true}
  collect: {app: {file: DIR/app.prom}}
  push: {dog: {statsd: {address: "unix:DIR/sock"}}}
`

func TestApplicationIsMeasuredAndItsEndIsTold(t *testing.T) {
	dir := t.TempDir()
	r := receive(t, filepath.Join(dir, "sock"))
	write(t, filepath.Join(dir, "app.prom"), "# TYPE queue_length gauge\nqueue_length{queue=\"mail\"} 7\n")
	i := runIn(t, dir, measured+`
process: {command: [sh, -c, "while [ ! -e DIR/end ]; do sleep 0.05; done; exit 3"]}
`)
	r.first(t, "queue_length:7|g|#queue:mail")
	r.first(t, "container.state:1|g")
	before := time.Now()
	i.write("end", "")
	told := r.first(t, "container.state:0|g")
	if status := i.wait(); status != 3 {
		t.Errorf("status %d, want that of the process", status)
	}
	if late := told.Sub(before); late > 3*time.Second {
		t.Errorf("the end was told after %s", late)
	}
	if !strings.Contains(r.all(), "child.exitcode:3|g") {
		t.Errorf("the exit status was not told:\n%s", r.all())
	}
}

func TestReloadMeasuresWhatTheNewConfigurationSays(t *testing.T) {
	dir := t.TempDir()
	r := receive(t, filepath.Join(dir, "sock"))
	write(t, filepath.Join(dir, "app.prom"), "# TYPE a gauge\na 1\n")
	i := runIn(t, dir, measured) // nothing else: metrics alone are something to do
	r.first(t, "a:1|g")
	i.write("concierge.yaml", strings.Replace(measured, "  own:", "  rules: [{name: a, rename: b}]\n  own:", 1))
	i.signal(syscall.SIGHUP)
	r.first(t, "b:1|g")
	i.write("concierge.yaml", "metrics: {collect: {app: {url: 'ftp://x'}}}")
	i.signal(syscall.SIGHUP)
	i.logged("configuration was not reloaded")
	i.write("app.prom", "# TYPE a gauge\na 2\n")
	r.first(t, "b:2|g") // the one before is still in force
}

func TestEndpointThatFailsIsSaidOnceAndHarmsNothing(t *testing.T) {
	dir := t.TempDir()
	r := receive(t, filepath.Join(dir, "sock"))
	i := runIn(t, dir, measured)
	i.logged("metrics endpoint was not read")
	i.write("app.prom", "# TYPE a gauge\na 1\n")
	r.first(t, "a:1|g")
	i.logged("metrics endpoint is read again")
	if n := strings.Count(i.log.String(), "metrics endpoint was not read"); n != 1 {
		t.Errorf("said %d times, want once", n)
	}
}

func TestPushPrintsWhatItTook(t *testing.T) {
	dir := t.TempDir()
	receive(t, filepath.Join(dir, "sock"))
	write(t, filepath.Join(dir, "app.prom"), "# TYPE a gauge\na 1\n")
	push := func(yaml string) (string, error) {
		write(t, filepath.Join(dir, "concierge.yaml"), strings.ReplaceAll(yaml, "DIR", dir))
		var out strings.Builder
		err := agent.PushOnce(t.Context(), agent.PushOptions{
			Load: load(dir, false), Log: slog.New(slog.DiscardHandler), Environ: os.Environ(), Stdout: &out,
		})
		return out.String(), err
	}
	if out, err := push(measured); err != nil || strings.Trim(out, "0123456789\n") != "" || out == "0\n" {
		t.Errorf("a delivery printed %q, %v", out, err)
	}
	if out, err := push(strings.Replace(measured, "DIR/sock", "DIR/nobody", 1)); err == nil || out != "0\n" {
		t.Errorf("a refusal printed %q, %v", out, err)
	}
	silent := testListener(t)
	hung := strings.Replace(measured, `statsd: {address: "unix:DIR/sock"}`, `timeout: 300ms, zabbix: {servers: "`+silent+`"}`, 1)
	if out, err := push(hung); err == nil || out != "-1\n" {
		t.Errorf("silence printed %q, %v", out, err)
	}
}

// testListener accepts connections and never answers.
func testListener(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			context.AfterFunc(ctx, func() { _ = conn.Close() })
			go func() { _, _ = io.Copy(io.Discard, conn) }()
		}
	}()
	t.Cleanup(func() { cancel(); _ = l.Close(); <-done })
	return l.Addr().String()
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
