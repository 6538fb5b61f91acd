package bench

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// application serves a document and remembers who asked when.
type application struct {
	url string

	mu   sync.Mutex
	gets []time.Time // guarded by mu
}

// newApplication serves text until the test ends.
func newApplication(tb testing.TB, contentType, text string) *application {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	a := &application{url: "http://" + l.Addr().String() + "/metrics"}
	body := []byte(text)
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a.mu.Lock()
		a.gets = append(a.gets, time.Now())
		a.mu.Unlock()
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", fmt.Sprint(len(body)))
		_, _ = w.Write(body)
	})}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(l) })
	tb.Cleanup(func() {
		_ = server.Close()
		serving.Wait()
	})
	return a
}

// since returns the readings after a moment.
func (a *application) since(t time.Time) []time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i, at := range a.gets {
		if at.After(t) {
			return append([]time.Time(nil), a.gets[i:]...)
		}
	}
	return nil
}

// before is the last reading before a moment.
func (a *application) before(t time.Time) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	var last time.Time
	for _, at := range a.gets {
		if at.Before(t) {
			last = at
		}
	}
	return last
}

// pusher is what a concierge that pushes is started with.
type pusher struct {
	host, url, servers string
	interval           time.Duration
	timeout            time.Duration // of a push; default 10 s
	heartbeat          time.Duration // default 10 s
	collect            string        // further settings of the endpoint
	push               string        // further lines of the target
	zabbix             string        // further lines of its zabbix section
	more               string        // further sections
	whole              string        // instead of all that
	child              []string      // default: sleeps
}

func (p pusher) config() string {
	if p.whole != "" {
		return p.whole
	}
	timeout, heartbeat := max(p.timeout, 0), p.heartbeat
	if timeout == 0 {
		timeout = 10 * time.Second
	}
	if heartbeat == 0 {
		heartbeat = 10 * time.Second
	}
	return strings.NewReplacer("HOST", p.host, "URL", p.url, "SERVERS", p.servers, "INTERVAL", p.interval.String(),
		"TIMEOUT", timeout.String(), "HEARTBEAT", heartbeat.String(), "COLLECT", p.collect, "PUSH", p.push, "ZABBIX", p.zabbix, "MORE", p.more).Replace(`metrics:
  host: HOST
  interval: INTERVAL
  heartbeat: HEARTBEAT
  collect:
    app: {url: "URL"COLLECT}
  container: {off: true}
  own: false
  rules:
    - {name: "odd.*", action: drop}
  push:
    central:
      timeout: TIMEOUT
      PUSH
      zabbix:
        servers: SERVERS
        ZABBIX
MORE
`)
}

// program is a running concierge.
type program struct {
	tb   testing.TB
	cmd  *exec.Cmd
	log  string
	done chan struct{} // closed when it has ended
}

// start runs concierge in a control group until the test ends or stop is
// called.
func (p pusher) start(tb testing.TB, g *controlGroup, binary string) *program {
	tb.Helper()
	dir := tb.TempDir()
	config := filepath.Join(dir, "concierge.yaml")
	writeFile(tb, config, p.config())
	child := p.child
	if child == nil {
		child = []string{"sleep", "100000"}
	}
	c := &program{tb: tb, log: filepath.Join(dir, "log"), done: make(chan struct{})}
	log, err := os.Create(c.log)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	c.cmd = g.command(tb.Context(), binary, append([]string{"run", "--config", config, "--"}, child...)...)
	c.cmd.Cancel = func() error { return c.cmd.Process.Signal(syscall.SIGTERM) }
	c.cmd.Stdout, c.cmd.Stderr = log, log
	if err := c.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() { // ends with the process, which stop awaits
		defer close(c.done)
		_ = c.cmd.Wait()
	}()
	tb.Cleanup(c.stop)
	return c
}

func (c *program) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	limit := time.NewTimer(longestEnd)
	defer limit.Stop()
	select {
	case <-c.done:
	case <-limit.C:
		_ = c.cmd.Process.Kill()
		<-c.done
		c.tb.Errorf("concierge had to be killed; its log ends with: %s", c.said())
	}
}

func (c *program) said() string {
	text, _ := os.ReadFile(c.log) // nothing is said of a log that is not there
	return tail(string(text))
}

// memory is a figure of proc_pid_status(5).
func (c *program) memory(line string) float64 {
	c.tb.Helper()
	n, err := memory(c.cmd.Process.Pid, line)
	if err != nil {
		c.tb.Fatalf("%v; its log ends with: %s", err, c.said())
	}
	return float64(n)
}

// childOf returns the child of a process, which may still have to start it.
func childOf(tb testing.TB, pid int) int {
	tb.Helper()
	for limit := time.Now().Add(longestEnd); time.Now().Before(limit); time.Sleep(10 * time.Millisecond) {
		tasks, err := filepath.Glob(procPath(pid, "task/*/children"))
		if err != nil {
			tb.Fatal(err)
		}
		for _, t := range tasks { // a child is that of the thread that made it
			text, _ := os.ReadFile(t) // one that ends meanwhile has none
			if all := strings.Fields(string(text)); len(all) > 0 {
				child, err := strconv.Atoi(all[0])
				if err != nil {
					tb.Fatal(err)
				}
				return child
			}
		}
	}
	tb.Fatalf("process %d has no child", pid)
	return 0
}
