package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is a pseudo-terminal with a program on it.
type terminal struct {
	t     *testing.T
	keys  *os.File // the master side
	shown *output
}

// openTerminal starts a command as the leader of a session with that terminal.
func openTerminal(t *testing.T, cmd *exec.Cmd) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer slave.Close()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setsid, cmd.SysProcAttr.Setctty = true, true
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	tty := &terminal{t: t, keys: master, shown: new(output)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		b := make([]byte, 4096)
		for {
			n, err := master.Read(b)
			if err != nil {
				return // the other side is closed
			}
			_, _ = tty.shown.Write(b[:n])
		}
	}()
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = master.Close()
		if t.Failed() {
			t.Logf("the terminal shows:\n%s", tty.shown)
		}
	})
	return tty
}

// onTerminal starts a command as PID 1 with a terminal of its own.
func (c *container) onTerminal(command ...string) *terminal {
	c.t.Helper()
	c.cmd.Args = append(c.cmd.Args, command...)
	c.cmd.SysProcAttr.Setpgid = false // it leads a session
	return openTerminal(c.t, c.cmd)
}

// shows reports whether the terminal comes to show a text within a time.
func (tty *terminal) shows(text string, within time.Duration) bool {
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if strings.Contains(tty.shown.String(), text) {
			return true
		}
	}
	return false
}

// press types keys.
func (tty *terminal) press(keys string) {
	tty.t.Helper()
	if _, err := tty.keys.WriteString(keys); err != nil {
		tty.t.Fatal(err)
	}
}

// until waits until the terminal shows a text for the n-th time.
func (tty *terminal) until(text string, n int) {
	tty.t.Helper()
	until(tty.t, fmt.Sprintf("the terminal shows %q (%d)", text, n), func() bool {
		return strings.Count(tty.shown.String(), text) >= n
	})
}

// interactive starts bash, which does job control.
func interactive(t *testing.T) *terminal {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Fatalf("%v: job control needs an interactive shell (install bash)", err)
	}
	cmd := exec.Command(bash, "--norc", "--noprofile", "-i")
	cmd.Env = append(os.Environ(), "PS1=ready> ", "TERM=dumb", "HISTFILE=")
	tty := openTerminal(t, cmd)
	tty.until("ready> ", 1)
	return tty
}

// talking says what it reads, in words that the terminal does not show when
// they are typed.
const talking = `echo st""arted; while read line; do echo "re""ad $line"; done; echo en""ded`

// reading is the command line of that.
const reading = `sh -c '` + talking + `'`

func jobControlWorks(t *testing.T, run []string) {
	tty := interactive(t)
	tty.press(run[0] + " run --log-level error -- " + reading + "; echo sta\"\"tus $?\n")
	tty.until("started", 1)
	tty.press("one\n")
	tty.until("read one", 1)
	for n := range 3 {
		tty.press("\x1a") // Ctrl-Z
		tty.until("Stopped", n+1)
		tty.press("echo the she\"\"ll\n")
		tty.until("the shell", n+1)
		tty.press("fg\n")
		tty.press("again\n")
		tty.until("read again", n+1)
	}
	tty.press("\x04") // end of input
	tty.until("ended", 1)
	tty.press("echo la\"\"st\n")
	tty.until("last", 1)
}

// aBackgroundProcessStopsWhenItReads: with bg it runs, but the terminal
// belongs to the shell.
func aBackgroundProcessStopsWhenItReads(t *testing.T, run []string) {
	tty := interactive(t)
	tty.press(run[0] + " run --log-level error -- " + reading + "\n")
	tty.until("started", 1)
	tty.press("\x1a")
	tty.until("Stopped", 1)
	tty.press("bg\n")
	until(t, "the shell says that it stopped again", func() bool {
		tty.press("\n") // it says so before a prompt
		time.Sleep(20 * time.Millisecond)
		return strings.Count(tty.shown.String(), "Stopped") >= 2
	})
	tty.press("fg\n")
	tty.press("two\n")
	tty.until("read two", 1)
}

func keysReachTheProcess(t *testing.T, run []string) {
	tty := interactive(t)
	script := `trap "echo inter""rupted; exit 5" INT; trap "echo re""sized" WINCH; echo up""; while :; do sleep 0.02; done`
	tty.press(run[0] + " run --log-level error -- sh -c '" + script + "'; echo sta\"\"tus $?\n")
	tty.until("up\r\n", 1)
	if err := unix.IoctlSetWinsize(int(tty.keys.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 100}); err != nil {
		t.Fatal(err)
	}
	tty.until("resized", 1)
	tty.press("\x03") // Ctrl-C
	tty.until("interrupted", 1)
	tty.until("status 5", 1)
}

// pid1OnATerminalIsNotStopped: in a container nobody could continue it.
func pid1OnATerminalIsNotStopped(t *testing.T, run []string) {
	tty := newContainer(t).onTerminal(slices.Concat(run, []string{"--"}, sh(talking))...)
	tty.until("started", 1)
	tty.press("\x1a")
	tty.until("was stopped from the terminal and continued", 1)
	tty.press("one\n")
	tty.until("read one", 1)
	tty.press("\x04")
	tty.until("ended", 1)
}
