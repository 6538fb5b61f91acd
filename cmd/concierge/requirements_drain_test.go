package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// get asks a server on a socket in the container and returns the status, or 0
// if it does not answer.
func (c *container) get(path string) int {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(c.dir, "http.sock"))
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}, Timeout: 10 * time.Second}
	answer, err := client.Get("http://server" + path)
	if err != nil {
		return 0
	}
	_ = answer.Body.Close()
	return answer.StatusCode
}

// drainBeside stops the container while a load balancer would still send
// requests: it looks at /ready now and then.
func drainBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "refused", others: []string{"tini", "dumb-init", "consul-template"},
		flaws: map[string]string{"concierge": "not ready, but served, then TERM"},
		play: func(c *container, s supervisor) string {
			server := program(c.t, "server")
			if s.name == "concierge" {
				c.configure([]string{s.path, "run"}, `
shutdown: {drain: 1s}
process: {command: [`+server+`], readiness: {http: 'unix:$DIR/http.sock:/ready', interval: 50ms}}
jobs: {leave: {hook: before_stop, type: once, command: [touch, away]}}
`)
			} else {
				c.start(s.above(c, server)...)
			}
			until(c.t, "the server is ready", func() bool { return c.get("/ready") == 200 })
			s.settle()
			c.signal(syscall.SIGTERM)
			return c.drained()
		},
	})
}

// drained tells what becomes of requests after TERM.
func (c *container) drained() string {
	served := 0
	until(c.t, "the server stops to be ready", func() bool { return c.get("/ready") != 200 })
	for c.read("stopped") == "" && c.get("/") == 200 {
		served++
	}
	c.wait()
	switch {
	case served == 0:
		return "refused"
	case c.read("stopped") == "":
		return "not ready, but served, then killed"
	}
	return "not ready, but served, then TERM"
}

func drainEndsWithTheProcess(t *testing.T, run []string) {
	box := start(t, run, `while [ ! -e stop ]; do sleep 0.02; done; exit 3`, "--shutdown-drain", "10m")
	until(t, "the process runs", func() bool { return box.job("process").State == "running" })
	box.signal(syscall.SIGTERM)
	box.until("draining before the process is stopped")
	box.write("stop", "")
	if status := box.wait(); status != 3 {
		t.Errorf("status %d", status)
	}
}

func aSecondTermEndsTheDrain(t *testing.T, run []string) {
	box := start(t, run, up, "--shutdown-drain", "10m")
	box.until("up\n")
	box.signal(syscall.SIGTERM)
	box.until("draining before the process is stopped")
	box.stop()
}

// theManagerIsToldBeforeTheDrain takes the place of the service manager.
func theManagerIsToldBeforeTheDrain(t *testing.T, run []string) {
	box := newContainer(t)
	path := filepath.Join(box.dir, "notify")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	box.cmd.Env = append(box.cmd.Env, "NOTIFY_SOCKET="+path)
	box.start(slices.Concat(run, []string{"--shutdown-drain", "10m", "--"}, sh(up))...)
	hear := func(word string) {
		t.Helper()
		b := make([]byte, 4096)
		for text := ""; !strings.Contains(text, word); {
			err := socket.SetReadDeadline(time.Now().Add(20 * time.Second))
			n, readErr := socket.Read(b)
			if err := errors.Join(err, readErr); err != nil {
				t.Fatalf("the manager was never told %s: %v", word, err)
			}
			text = string(b[:n])
		}
	}
	hear("READY=1")
	box.signal(syscall.SIGTERM)
	hear("STOPPING=1")
	if box.ended(0) {
		t.Error("there was no drain")
	}
	box.stop()
}
