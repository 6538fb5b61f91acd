package reload

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/reload/job"
	"concierge/reload/process"
)

// shell is a process that runs a script; quick to stop unless told otherwise.
func shell(script string) Process {
	return Process{Plan: job.Plan{Name: job.ProcessName, Kind: job.Main, Spec: process.Spec{
		Command: []string{"sh", "-c", script}, Stop: process.Stop{Signal: syscall.SIGTERM, Timeout: 5 * time.Second}, Env: os.Environ(),
	}}}
}

func started(t *testing.T, p Process) *Supervisor {
	t.Helper()
	s := newSupervisor()
	if r := s.Apply(t.Context(), Generation{Process: &p}); r.StartErr != nil {
		t.Fatal(r.StartErr)
	}
	t.Cleanup(func() { s.Jobs.Kill() })
	return s
}

// exited waits for the end of the process by itself.
func exited(s *Supervisor) process.Status { return (<-s.Jobs.Ends()).Status }

// shutdown stops the process.
func shutdown(s *Supervisor) (process.Status, bool) { return s.Jobs.Shutdown(time.Time{}) }

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

func exists(path string) bool { _, err := os.Stat(path); return err == nil }

func TestOwnExitStatusIsPassedOn(t *testing.T) {
	for script, want := range map[string]int{"exit 0": 0, "exit 7": 7, "kill -KILL $$": 137, "kill -TERM $$": 143} {
		if got := exited(started(t, shell(script))).ExitCode(); got != want {
			t.Errorf("%s: exit code %d, want %d", script, got, want)
		}
	}
}

func TestExecFailuresHaveTheirOwnStatus(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	garbage := filepath.Join(dir, "garbage")
	if err := os.WriteFile(garbage, []byte("\x7fELFgarbage"), 0o700); err != nil {
		t.Fatal(err)
	}
	for program, want := range map[string]int{
		"no-such-program-anywhere": process.CodeNotFound, filepath.Join(dir, "absent"): process.CodeNotFound,
		plain: process.CodeNotExecutable, garbage: process.CodeNotExecutable, dir: process.CodeNotExecutable,
	} {
		p := shell("")
		p.Plan.Spec.Command = []string{program}
		report := newSupervisor().Apply(t.Context(), Generation{Process: &p})
		var start *process.StartError
		if !errors.As(report.StartErr, &start) || start.Code() != want {
			t.Errorf("%s: %v, want a StartError with code %d", program, report.StartErr, want)
		}
	}
}

func TestShutdownReportsHowTheProcessEnded(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	s := started(t, shell("trap 'exit 9' TERM; : >"+ready+"; while :; do sleep 0.02; done"))
	eventually(t, "ready", func() bool { return exists(ready) })
	if status, ok := shutdown(s); !ok || status.ExitCode() != 9 {
		t.Errorf("Shutdown() = %v, %v; want exit status 9", status, ok)
	}
	if status, ok := shutdown(s); !ok || status.ExitCode() != 9 {
		t.Errorf("a second Shutdown says %v, %v; want the same status", status, ok)
	}
	if _, ok := shutdown(newSupervisor()); ok {
		t.Error("Shutdown before any start found a process")
	}
}

func TestStubbornProcessIsKilledWithItsGroup(t *testing.T) {
	dir := t.TempDir()
	pidFile := filepath.Join(dir, "pid")
	p := shell("trap '' TERM; (trap '' TERM; sleep 300) & echo $! >" + pidFile + ".tmp; mv " + pidFile + ".tmp " + pidFile + "; wait; sleep 300")
	p.Plan.Spec.Stop.Timeout = 100 * time.Millisecond
	s := started(t, p)
	eventually(t, "grandchild", func() bool { return exists(pidFile) })
	status, _ := shutdown(s)
	if status.ExitCode() != 137 {
		t.Errorf("ended with %v, want 137", status)
	}
	expectGone(t, pidFile)
}

func TestSurvivorsOfALeaderThatEndsByItselfAreStopped(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	s := started(t, shell("sleep 300 & echo $! >"+pidFile+"; exit 3"))
	if status := exited(s); status.ExitCode() != 3 {
		t.Errorf("ended with %v, want 3", status)
	}
	expectGone(t, pidFile)
}

// expectGone waits until the process whose number is in the file has ended;
// an orphan that nobody waited for counts as ended.
func expectGone(t *testing.T, pidFile string) {
	t.Helper()
	b, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "end of the grandchild", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

func TestSignalsReachTheProcess(t *testing.T) {
	dir := t.TempDir()
	ready, got := filepath.Join(dir, "ready"), filepath.Join(dir, "got")
	s := started(t, shell("trap ': >"+got+"; exit 4' USR2; : >"+ready+"; while :; do sleep 0.02; done"))
	eventually(t, "ready", func() bool { return exists(ready) })
	if err := s.Jobs.Main().Signal(syscall.SIGUSR2); err != nil {
		t.Fatal(err)
	}
	if status := exited(s); status.ExitCode() != 4 || !exists(got) {
		t.Errorf("ended with %v, want 4 from its own handler", status)
	}
	if err := s.Jobs.Main().Signal(syscall.SIGUSR2); err != nil {
		t.Errorf("signal after the end: %v", err)
	}
}

func TestShutdownWaitsForAProcessThatIsJustEnding(t *testing.T) {
	ready := filepath.Join(t.TempDir(), "ready")
	s := newSupervisor()
	p := shell("(trap '' TERM; : > '" + ready + "'; while :; do sleep 0.1; done) & while [ ! -e '" + ready + "' ]; do sleep 0.01; done; exit 37")
	p.Plan.Spec.Stop.Timeout = time.Minute
	if r := s.Apply(t.Context(), Generation{Process: &p}); r.StartErr != nil {
		t.Fatal(r.StartErr)
	}
	if gone := s.Jobs.Main().Gone(); gone != nil {
		<-gone // what it left behind is being ended
	}
	if status, ok := shutdown(s); !ok || status.ExitCode() != 37 {
		t.Errorf("status %v, started %t", status, ok)
	}
}

// TestSignalGroup sends a signal to a shell that waits for a command.
func TestSignalGroup(t *testing.T) {
	seen := filepath.Join(t.TempDir(), "seen")
	s := newSupervisor()
	line := "trap : USR1; sh -c 'trap \"echo told >> " + seen + "; exit 0\" USR1; echo up >> " + seen + "; while :; do sleep 0.05; done'; exit 5"
	p := shell(line)
	p.Plan.Spec.SignalGroup = true
	s.Apply(t.Context(), Generation{Process: &p})
	deadline := time.Now().Add(20 * time.Second)
	for text := ""; !strings.Contains(text, "up"); {
		b, _ := os.ReadFile(seen)
		if text = string(b); time.Now().After(deadline) {
			t.Fatalf("not up: %q", text)
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := s.Jobs.Main().Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	if status := exited(s); status.ExitCode() != 5 {
		t.Errorf("status %v", status)
	}
	if b, _ := os.ReadFile(seen); !strings.Contains(string(b), "told") {
		t.Errorf("the command in the shell was not told: %q", b)
	}
}
