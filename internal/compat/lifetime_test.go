package compat

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestReloadOfTemplateAndCommandStartsTheNewCommand changes both in one reload.
func TestReloadOfTemplateAndCommandStartsTheNewCommand(t *testing.T) {
	config := func(prefix, settings string) string {
		return `template { contents = "` + prefix + `{{ key \"$PREFIXa\" }}\n" destination = "out" }
exec { command = ["sh", "-c", "echo '` + prefix + `' >> starts; exec sh child.sh"] ` + settings + ` }`
	}
	d := startedDuel(t, config("old ", ""), "log", "start old v0")
	d.write("config.hcl", config("new ", `reload_signal = "SIGUSR1"`))
	d.signal(syscall.SIGHUP)
	d.await("log", "start new v0")
	d.await("starts", "new ")
	d.put("a", "v1")
	d.await("log", "USR1 new v1")
	d.noMore("log", "start", 2)
}

// TestShellLineIsSignalledAsAGroup supervises a line of several commands: what
// is signalled is what runs, not the shell that waits for it.
func TestShellLineIsSignalledAsAGroup(t *testing.T) {
	d := startedDuel(t, `template { contents = "{{ key \"$PREFIXa\" }}\n" destination = "out" }
exec {
  command = "trap : HUP; sh child.sh; sleep 0.1"
  reload_signal = "SIGHUP"
}`, "log", "start v0")
	d.put("a", "v1")
	d.await("log", "HUP v1")
	d.signal(syscall.SIGINT)
	if r, c := d.statuses(); r != 12 || c != 12 {
		t.Errorf("statuses %d and %d, want 12", r, c)
	}
	d.await("log", "INT")
}

// TestCommandMayLeaveAProgramRunning starts a program that goes on printing
// after its command ended.
func TestCommandMayLeaveAProgramRunning(t *testing.T) {
	startedDuel(t, `template {
  contents = "{{ key \"$PREFIXa\" }}\n"
  destination = "out"
  command = "(sleep 1.5; echo serving; echo alive >> late) & echo started"
}`, "late", "alive")
}

func TestPIDFileMovesWithAReload(t *testing.T) {
	d := startedDuel(t, "pid_file = \"pid\"\n"+recorded, "renders", "v0")
	d.write("config.hcl", "pid_file = \"pid2\"\n"+recorded)
	d.signal(syscall.SIGHUP)
	for _, s := range d.sides {
		eventually(t, func() error {
			if _, err := os.Stat(filepath.Join(s.dir, "pid2")); err != nil {
				return err
			}
			if s.read("pid") != "" {
				return os.ErrExist
			}
			return nil
		})
	}
}

// TestGroupEndsWithItsProcess is the row group-ends-with-its-leader:
// consul-template leaves alone what its process started.
func TestGroupEndsWithItsProcess(t *testing.T) {
	d := newDuel(t)
	d.start(`exec { command = ["sh", "-c", "(sleep 1; echo late >> late) & exit 3"] }`)
	if r, c := d.statuses(); r != 3 || c != 3 {
		t.Errorf("statuses %d and %d, want 3", r, c)
	}
	d.sides[0].await(t, "late", "late")
	time.Sleep(200 * time.Millisecond) // what must not happen has no event
	if !itself(t) && d.sides[1].read("late") != "" {
		t.Error("what the process started outlived it")
	}
}

// TestCommandEndsWithTheProgram is the row commands-end-too: consul-template
// leaves a command behind that runs when it is stopped.
func TestCommandEndsWithTheProgram(t *testing.T) {
	d := startedDuel(t, `template {
  contents = "{{ key \"$PREFIXa\" }}\n"
  destination = "out"
  command = "echo begun >> command; sleep 1.5; echo ended >> command"
}`, "command", "begun")
	d.signal(syscall.SIGINT)
	if r, c := d.statuses(); r != 12 || c != 12 {
		t.Errorf("statuses %d and %d, want 12", r, c)
	}
	d.sides[0].await(t, "command", "ended")
	time.Sleep(200 * time.Millisecond) // what must not happen has no event
	if !itself(t) && d.sides[1].count("command", "ended") != 0 {
		t.Error("the command outlived the candidate")
	}
}

func TestRefusalsUseUpTheAttempts(t *testing.T) {
	d := newDuel(t)
	d.start(`vault {
  token = "hvs.nobodys"
  retry { attempts = 3 backoff = "10ms" }
}
template { contents = "{{ with secret \"secret/app\" }}{{ .Data }}{{ end }}" destination = "out" }`)
	if r, c := d.statuses(); r != 14 || c != 14 {
		t.Errorf("statuses %d and %d, want 14", r, c)
	}
}

// TestSomeSignalsAreNotForwarded is the row signals-of-its-own.
func TestSomeSignalsAreNotForwarded(t *testing.T) {
	d := newDuel(t)
	d.start(`exec { command = ["sh", "-c", "trap 'echo PIPE >> log' PIPE; trap 'echo USR1 >> log' USR1; echo up >> log; while [ -e child.sh ]; do sleep 0.05; done"] }`)
	d.await("log", "up")
	d.signal(syscall.SIGPIPE)
	d.sides[0].await(t, "log", "PIPE")
	d.signal(syscall.SIGUSR1)
	d.await("log", "USR1")
	if n := d.sides[1].count("log", "PIPE"); n != 0 && !itself(t) {
		t.Errorf("PIPE was forwarded %d times", n)
	}
}

// TestMissingConsulTokenFileIsWaitedFor is the row consul-token-file.
func TestMissingConsulTokenFileIsWaitedFor(t *testing.T) {
	d := newDuel(t)
	d.put("a", "v0")
	d.start("consul { token_file = \"token\" }\n" + recorded)
	if status := d.sides[0].status(t); status != 14 {
		t.Errorf("consul-template ended with %d, want 14", status)
	}
	if itself(t) {
		return
	}
	d.write("token", "", d.sides[1])
	d.sides[1].await(t, "renders", "v0")
}

// TestKilledProgramTakesItsProcessAlong is the row death-takes-the-process: the
// other process is seen to live on, and ends with its directory.
func TestKilledProgramTakesItsProcessAlong(t *testing.T) {
	d := startedDuel(t, `template { contents = "{{ key \"$PREFIXa\" }}\n" destination = "out" }
exec { command = ["sh", "-c", "echo $$ >> pids; exec sh child.sh"] }`, "log", "start v0")
	d.signal(syscall.SIGKILL)
	for i, s := range d.sides {
		pid, err := strconv.Atoi(strings.TrimSpace(s.read("pids")))
		if err != nil {
			t.Fatal(err)
		}
		alive := func() bool { return syscall.Kill(pid, 0) == nil && !strings.Contains(state(pid), "Z") }
		if reference := i == 0 || itself(t); reference {
			<-s.ended
			if !alive() {
				t.Errorf("the process of %s ended with it", s.name)
			}
			continue
		}
		eventually(t, func() error {
			if alive() {
				return errors.New("the process runs on")
			}
			return nil
		})
	}
}

// state is the state of a process that may be an orphan nobody waits for.
func state(pid int) string {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	_, after, _ := strings.Cut(string(text), ") ")
	return after[:min(len(after), 1)]
}
