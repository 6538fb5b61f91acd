package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// supervised is a concierge that is not PID 1.
type supervised struct {
	t   *testing.T
	cmd *exec.Cmd
	dir string
	out *output
}

// supervise runs a script under concierge. It is killed with the test.
func supervise(t *testing.T, concierge, script string, flags ...string) *supervised {
	t.Helper()
	s := newSupervised(t)
	s.start(slices.Concat([]string{concierge, "run"}, flags, []string{"--"}, sh(script))...)
	return s
}

func newSupervised(t *testing.T) *supervised {
	t.Helper()
	return &supervised{t: t, dir: t.TempDir(), out: new(output)}
}

func (s *supervised) start(command ...string) {
	s.t.Helper()
	s.cmd = exec.Command(command[0], command[1:]...)
	s.cmd.Dir, s.cmd.Stdout, s.cmd.Stderr = s.dir, s.out, s.out
	s.cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+s.dir) // a control socket of its own
	s.cmd.WaitDelay = time.Second                              // what it leaves behind may hold the pipe
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		_ = s.cmd.Process.Kill()
		if s.t.Failed() {
			s.t.Logf("output:\n%s", s.out)
		}
	})
}

// number waits for a file and returns the number in it.
func (s *supervised) number(name string) int {
	s.t.Helper()
	n := 0
	until(s.t, "a number in "+name, func() bool {
		b, _ := os.ReadFile(filepath.Join(s.dir, name))
		text, whole := strings.CutSuffix(string(b), "\n")
		var err error
		n, err = strconv.Atoi(text)
		return whole && err == nil
	})
	return n
}

// procState returns the state of a process and its parent; "" if it is gone.
func procState(pid int) (state string, parent int) {
	b, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, rest, _ := strings.Cut(string(b), ") ")
	if fields := strings.Fields(rest); len(fields) > 1 {
		state = fields[0]
		parent, _ = strconv.Atoi(fields[1])
	}
	return state, parent
}

func gone(pid int) bool { state, _ := procState(pid); return state == "" || state == "Z" }

func theProcessDiesWithConcierge(t *testing.T, run []string) {
	s := supervise(t, run[0], "trap '' HUP TERM INT; echo $$ > pid; while :; do sleep 0.02; done")
	pid := s.number("pid")
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	until(t, "end of the process", func() bool { return gone(pid) })
}

func aCommandDiesWithConcierge(t *testing.T, run []string) {
	s := supervise(t, run[0], "while :; do sleep 0.02; done", "--config", written(t, `
templates:
  - contents: x
    destination: out
    check: {command: [sh, -c, 'echo $$ > pid; while :; do sleep 0.02; done'], timeout: 1m}
`))
	pid := s.number("pid")
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	until(t, "end of the command", func() bool { return gone(pid) })
}

// written writes a configuration file and returns its path.
func written(t *testing.T, yaml string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "concierge.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// orphansComeToConcierge: it is no PID 1, but their nearest reaper.
func orphansComeToConcierge(t *testing.T, run []string) {
	s := supervise(t, run[0], "(sh -c 'echo $$ > pid; exec sleep 300' &) ; while [ ! -s pid ]; do sleep 0.01; done; while :; do sleep 0.02; done")
	pid := s.number("pid")
	until(t, "concierge is its parent", func() bool { _, parent := procState(pid); return parent == s.cmd.Process.Pid })
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	until(t, "it is reaped", func() bool { state, _ := procState(pid); return state == "" })
}

// aDaemonOutlivesConcierge: what left the group and the session of its own
// will is nobody's to end where concierge is not PID 1.
func aDaemonOutlivesConcierge(t *testing.T, run []string) {
	s := supervise(t, run[0], "setsid sh -c 'echo $$ > pid; exec sleep 300' >/dev/null 2>&1 & while [ ! -s pid ]; do sleep 0.01; done; exit 0")
	pid := s.number("pid")
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("concierge: %v, want the status 0 of its process", err)
	}
	until(t, "the daemon has another parent", func() bool {
		state, parent := procState(pid)
		return state == "S" && parent != s.cmd.Process.Pid
	})
}
