package reload

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec describes the process to look after.
type Spec struct {
	Command []string // program and arguments
	Dir     string   // working directory; "" is concierge's own
	Reload  Reload   // how it is told to read its configuration again
	Stop    Stop     // how it is stopped
	// SignalGroup sends signals to the whole group of the process, for one that
	// does not pass them on, such as a shell.
	SignalGroup bool
}

// Stop is how a process is asked to end.
type Stop struct {
	Signal  syscall.Signal
	Timeout time.Duration // then the group is killed
	// Splay is the longest random delay before the process is signalled or
	// restarted because of a change.
	Splay time.Duration
}

// groupGrace bounds how long the rest of a group may take to end after its
// leader did, before it is killed.
const groupGrace = 2 * time.Second

// child is one running process and its group. Its methods may be called
// concurrently.
type child struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when the leader ended and status is set
	gone chan struct{} // closed when nothing of the group is left
	// status is written once before done is closed.
	status Status

	toGroup bool // see Spec.SignalGroup
}

// startChild starts the process with the standard streams of concierge. With a
// terminal as standard input the child becomes its foreground group, so that
// it can read and gets the keys' signals.
func startChild(spec Spec, env []string) (*child, error) {
	cmd := exec.Command(spec.Command[0], spec.Command[1:]...)
	cmd.Dir, cmd.Env = spec.Dir, env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	tty := int(os.Stdin.Fd())
	onTTY := foreground(tty)
	if onTTY {
		cmd.SysProcAttr.Foreground, cmd.SysProcAttr.Ctty = true, tty
	}
	if err := cmd.Start(); err != nil {
		failed := &StartError{Program: spec.Command[0], Err: unwrapExec(err)}
		if errors.Is(err, syscall.E2BIG) {
			failed.Hint = "arguments and environment are too large together; render large values into files"
		}
		return nil, failed
	}
	c := &child{cmd: cmd, done: make(chan struct{}), gone: make(chan struct{}), toGroup: spec.SignalGroup}
	go func() {
		_ = cmd.Wait() // the state says all there is to know
		if onTTY {
			// Whoever reads the terminal next must find a living group in
			// front. TTOU is ignored by the command, else this would stop it.
			_ = unix.IoctlSetPointerInt(tty, unix.TIOCSPGRP, unix.Getpgrp())
		}
		c.status = statusOf(cmd.ProcessState)
		close(c.done)
	}()
	return c, nil
}

// foreground reports whether fd is a terminal whose foreground group is ours,
// or was given to an earlier child of ours.
func foreground(fd int) bool {
	pgrp, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	if err != nil {
		return false
	}
	return pgrp == unix.Getpgrp() || unix.Kill(-pgrp, 0) != nil
}

// unwrapExec drops the wrapping of os/exec, whose text repeats the program.
func unwrapExec(err error) error {
	var perr *os.PathError
	if errors.As(err, &perr) {
		return perr.Err
	}
	var xerr *exec.Error
	if errors.As(err, &xerr) {
		return xerr.Err
	}
	return err
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// signal sends sig to the leader, or to the group. A process that has ended is
// not an error.
func (c *child) signal(sig syscall.Signal) error {
	select {
	case <-c.done:
		return nil // its number may be somebody else's
	default:
	}
	if c.toGroup {
		return ignoreEnded(syscall.Kill(-c.pid(), sig))
	}
	return ignoreEnded(c.cmd.Process.Signal(sig))
}

func ignoreEnded(err error) error {
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// end asks the leader to stop, waits, kills the group, and returns how the
// leader ended. It blocks for at most the stop timeout plus groupGrace.
func (c *child) end(stop Stop) Status {
	defer close(c.gone)
	_ = c.signal(stop.Signal)
	if c.stopped() { // it cannot act on the signal
		_ = c.signal(syscall.SIGCONT)
	}
	timer := time.NewTimer(stop.Timeout)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
		c.kill()
		<-c.done
	}
	c.endGroup()
	return c.status
}

// stopped reports whether the leader is stopped, as by SIGSTOP, or may be:
// without a usable /proc nobody knows.
func (c *child) stopped() bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(c.pid()) + "/stat")
	if err != nil {
		return true
	}
	state, _ := parseStat(text)
	return state == "T" || state == "t"
}

// kill kills the whole group, unless the leader has been waited for: then its
// number may be somebody else's.
func (c *child) kill() {
	select {
	case <-c.done:
	default:
		killGroup(c.pid(), syscall.SIGKILL)
	}
}

// endGroup ends what is left of the group after its leader.
func (c *child) endGroup() {
	if !killGroup(c.pid(), syscall.SIGTERM) {
		return
	}
	deadline := time.NewTimer(groupGrace)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for groupAlive(c.pid()) {
		// As PID 1 the rest of the group are children of ours by now, and
		// stay as zombies until they are waited for.
		_, _ = syscall.Wait4(-c.pid(), nil, syscall.WNOHANG, nil)
		select {
		case <-tick.C:
		case <-deadline.C:
			killGroup(c.pid(), syscall.SIGKILL)
			return
		}
	}
}

// killGroup reports whether a process of the group could be signalled.
func killGroup(pgid int, sig syscall.Signal) bool {
	return syscall.Kill(-pgid, sig) == nil
}

// groupAlive reports whether a process of the group still runs. A zombie can
// be signalled but has ended; whose child it is by now may take its time to
// wait for it.
func groupAlive(pgid int) bool {
	if !killGroup(pgid, 0) {
		return false
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	zombies := false
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		state, group := parseStat(text)
		if group != pgid {
			continue
		}
		if state != "Z" && state != "X" {
			return true
		}
		zombies = true
	}
	return !zombies // without a usable /proc, kill is all there is to go by
}

// parseStat returns state and process group of a /proc/PID/stat line; see
// proc(5). The name before them may hold anything, also parentheses.
func parseStat(text []byte) (state string, pgrp int) {
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 3 {
		return "", 0
	}
	pgrp, _ = strconv.Atoi(fields[2])
	return fields[0], pgrp
}
