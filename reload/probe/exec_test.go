package probe_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/reload/probe"
	"concierge/reload/process"
)

// script is a probe that runs a shell script, with nothing but a PATH.
func script(t *testing.T, text string) probe.Exec {
	t.Helper()
	children := process.NewChildren(slog.New(slog.DiscardHandler))
	t.Cleanup(children.Close)
	return probe.Exec{Command: []string{"sh", "-c", text}, Env: []string{"PATH=" + os.Getenv("PATH")}, Runner: children}
}

// pidFrom waits for a script to write a process ID to a file.
func pidFrom(t *testing.T, path string) int {
	t.Helper()
	var pid int
	eventually(t, "a process ID in "+path, func() bool {
		text, _ := os.ReadFile(path)
		n, err := strconv.Atoi(strings.TrimSpace(string(text)))
		pid = n
		return err == nil && strings.HasSuffix(string(text), "\n")
	})
	return pid
}

// runs reports whether a process exists that is no zombie.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// eventually polls until ok, for at most ten seconds.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

func TestExitStatusDecides(t *testing.T) {
	for text, want := range map[string]string{
		"echo fine":                     "",
		"exit 3":                        `running "sh": exit status 3`,
		"echo one; echo two >&2; false": `running "sh": exit status 1: one two`,
		"kill -KILL $$":                 `running "sh": killed by signal 9 (killed)`,
	} {
		err := script(t, text).Probe(within(t, 20*time.Second))
		if got := fmt.Sprint(err); want == "" && err != nil || want != "" && got != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

func TestProgramThatCannotBeRunIsNamed(t *testing.T) {
	plain := filepath.Join(t.TempDir(), "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for program, why := range map[string]string{
		"no-such-program-anywhere": "executable file not found in $PATH", plain: "permission denied",
	} {
		p := script(t, "")
		p.Command = []string{program, "s3cret"}
		want := fmt.Sprintf("running %q: %s", program, why)
		if err := p.Probe(t.Context()); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestOutputOfProgramIsBounded(t *testing.T) {
	p := script(t, "yes 'no end of it' | head -c 20000000; echo the last word; exit 1")
	text := p.Probe(within(t, 60*time.Second)).Error()
	if len(text) > 300 || !strings.HasSuffix(text, "the last word") || strings.Contains(text, "\n") {
		t.Errorf("got %d bytes: %q", len(text), text)
	}
	p.Silent = true
	if text, want := p.Probe(within(t, 60*time.Second)).Error(), `running "sh": exit status 1`; text != want {
		t.Errorf("silent: got %q, want %q", text, want)
	}
}

func TestProbeInheritsNoEnvironment(t *testing.T) {
	t.Setenv("S3CRET", "x")
	for _, env := range [][]string{nil, {"A=b"}} {
		p := script(t, "")
		p.Command, p.Env, p.Dir = []string{"/usr/bin/env"}, env, "/"
		p.Command = []string{"/bin/sh", "-c", `test -z "$S3CRET" && test "$(pwd)" = /`}
		if err := p.Probe(t.Context()); err != nil {
			t.Errorf("with %q: %v", env, err)
		}
	}
}

// The worst of programs: it ignores TERM and has a child that does, too.
func TestTimeoutKillsTheWholeGroup(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pids")
	p := script(t, `trap '' TERM; echo busy; sh -c 'trap "" TERM; echo $$ >`+file+`; while :; do sleep 1; done' & wait; wait`)
	begun := time.Now()
	err := p.Probe(within(t, 500*time.Millisecond))
	if want := `running "sh": time is up: busy`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("returned after %s", took)
	}
	pid := pidFrom(t, file)
	eventually(t, "the end of the child", func() bool { return !runs(pid) })
}

func TestChildThatHoldsThePipeIsNotWaitedForAndKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	begun := time.Now()
	if err := script(t, "sleep 300 & echo $! >"+file).Probe(within(t, 60*time.Second)); err != nil {
		t.Errorf("the program itself ended well: %v", err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("returned after %s", took)
	}
	pid := pidFrom(t, file)
	eventually(t, "the end of the child", func() bool { return !runs(pid) })
}

func TestDaemonThatHoldsThePipeIsNotWaitedFor(t *testing.T) {
	file := filepath.Join(t.TempDir(), "pid")
	begun := time.Now()
	p := script(t, "setsid sh -c 'echo $$ >"+file+"; exec sleep 300' & while ! test -s "+file+"; do sleep 0.01; done; exit 4")
	err := p.Probe(within(t, 60*time.Second))
	pid := pidFrom(t, file)
	t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGKILL) })
	if err == nil || !strings.Contains(err.Error(), "exit status 4") {
		t.Errorf("got %v, want exit status 4", err)
	}
	if took := time.Since(begun); took > 20*time.Second || !runs(pid) {
		t.Errorf("returned after %s; daemon runs: %t, want true: it left the group", took, runs(pid))
	}
}
