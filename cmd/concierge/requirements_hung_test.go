package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/admin"
)

// following is a process that says which signals it got, and a file that it is
// told of.
const following = `
sources: {file: {path: kv.yaml}}
templates: [{contents: '{{ key "a" }}', destination: out, on_change: {signal: USR2}}]
process:
  command: [sh, -c, 'trap "echo usr1 >> got" USR1; trap "echo usr2 >> got" USR2; trap "exit 5" TERM; echo up; while :; do sleep 0.02; done']
`

// notFrozen checks that changes and signals arrive, that the control socket
// answers, and that TERM ends it.
func (c *container) notFrozen() {
	c.t.Helper()
	for n := range 3 {
		want := fmt.Sprint("value ", n)
		c.write("kv.yaml", "a: "+want)
		c.untilFile("out", want)
		until(c.t, "the process is told", func() bool { return strings.Count(c.read("got"), "usr2\n") == n+1 })
		c.signal(syscall.SIGUSR1)
		until(c.t, "the process is signalled", func() bool { return strings.Count(c.read("got"), "usr1\n") == n+1 })
		if s, err := c.client().Status(c.t.Context()); err != nil || len(s.Jobs) == 0 {
			c.t.Errorf("status %+v, %v", s, err)
		}
	}
	began := time.Now()
	status, took := c.stop(), time.Since(began)
	if status != 5 || took > 15*time.Second {
		c.t.Errorf("status %d after %s", status, took)
	}
}

// hungProbesOfJobs hang in all ways for an hour: a server accepts and never
// answers, a probe is stopped, one waits for a pipe that nobody writes to, one
// cannot be asked to end.
func hungProbesOfJobs(t *testing.T, run []string) {
	job := func(name, check string) string {
		return "  " + name + ": {command: " + idle + ", health: {" + check + ", timeout: 1h, interval: 50ms}}\n"
	}
	box := newContainer(t)
	if err := syscall.Mkfifo(filepath.Join(box.dir, "fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	box.write("kv.yaml", "a: first")
	box.configure(run, following+"jobs:\n  server: {command: ["+program(t, "server")+"]}\n"+
		job("silent", "http: 'unix:$DIR/silent.sock:/'")+
		job("unserved", "grpc: 'unix:$DIR/silent.sock'")+
		job("stopped", "command: [sh, -c, 'echo >> hung; kill -STOP $$']")+
		job("fifo", "command: [sh, -c, 'echo >> hung; cat fifo']")+
		job("stubborn", `command: [sh, -c, 'trap "" TERM INT HUP; echo >> hung; while :; do sleep 1; done']`))
	box.until("up\n")
	box.untilFile("hung", "\n\n\n")
	box.notFrozen()
}

// aHungProbeOfTheProcess: changes are not watched here.
func aHungProbeOfTheProcess(t *testing.T, run []string) {
	box := newContainer(t)
	box.write("kv.yaml", "a: first")
	box.configure(run, following+`
  health: {command: [sh, -c, 'echo >> hung; kill -STOP $$'], timeout: 1h, interval: 50ms}
  readiness: {command: [sh, -c, 'echo >> hung; kill -STOP $$'], timeout: 1h, interval: 50ms}
rollback: {off: true}
`)
	box.until("up\n")
	box.untilFile("hung", "\n\n")
	box.notFrozen()
}

// aHungProbeIsRolledBack: a change after which the probe hangs has not stood
// the test, and the next one has its turn.
func aHungProbeIsRolledBack(t *testing.T, run []string) {
	box := newContainer(t)
	box.write("kv.yaml", "a: good")
	box.configure(run, following+`
  readiness: {command: [sh, -c, 'grep -q good out || kill -STOP $$'], timeout: 200ms, interval: 50ms, failures: 2}
rollback: {window: 500ms}
`)
	box.untilReady(true)
	box.write("kv.yaml", "a: hung")
	until(t, "it is rolled back", func() bool {
		s, err := box.client().Status(t.Context())
		return err == nil && len(s.Sets) == 1 && s.Sets[0].State == admin.SetBad
	})
	if got := box.read("out"); got != "good" {
		t.Errorf("the file says %q", got)
	}
	box.write("kv.yaml", "a: good again")
	box.untilFile("out", "good again")
	if status := box.stop(); status != 5 {
		t.Errorf("status %d", status)
	}
}
