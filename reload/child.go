package reload

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
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

// child is one running process and its group. Its methods may be called
// concurrently.
type child struct {
	cmd      *exec.Cmd
	children *Children
	log      *slog.Logger
	tty      terminal
	done     chan struct{} // closed when the leader ended and status is set
	gone     chan struct{} // closed when nothing of the group is left
	// status is written once before done is closed.
	status Status

	toGroup bool // see Spec.SignalGroup
}

// startChild starts the process with the standard streams of concierge. With a
// terminal as standard input the child becomes its foreground group, so that
// it can read and gets the keys' signals.
func startChild(children *Children, spec Spec, env []string) (*child, error) {
	cmd := exec.Command(spec.Command[0], spec.Command[1:]...)
	cmd.Dir, cmd.Env = spec.Dir, env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	tty := standardTerminal()
	if tty.ours() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: tty.fd}
	}
	if err := children.Start(cmd); err != nil {
		failed := &StartError{Program: spec.Command[0], Err: unwrapExec(err)}
		if errors.Is(err, syscall.E2BIG) {
			failed.Hint = "arguments and environment are too large together; render large values into files"
		}
		return nil, failed
	}
	c := &child{
		cmd: cmd, children: children, log: children.log, tty: tty, toGroup: spec.SignalGroup,
		done: make(chan struct{}), gone: make(chan struct{}),
	}
	go c.wait()
	if tty.present {
		go c.followStops()
	}
	return c, nil
}

// wait waits for the leader.
func (c *child) wait() {
	_ = c.children.Wait(c.cmd) // the state says all there is to know
	if c.tty.ours() {
		// Whoever reads the terminal next must find a living group in front.
		c.tty.give(unix.Getpgrp())
	}
	c.status = statusOf(c.cmd.ProcessState)
	close(c.done)
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
	if sig == syscall.SIGCONT && c.tty.present {
		return c.resume()
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
		c.log.Warn("process did not stop in time and is killed (see process.stop.timeout)", "pid", c.pid(), "after", stop.Timeout)
		c.kill()
		<-c.done
	}
	c.endGroup()
	return c.status
}

// stopped reports whether the leader is stopped, as by SIGSTOP, or may be:
// without a usable /proc nobody knows.
func (c *child) stopped() bool {
	state := statOf(c.pid()).state
	return state == "T" || state == "t" || state == ""
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
	began := time.Now()
	if c.children.endGroup(c.pid()) {
		c.log.Warn("what the process left running did not end in time and was killed",
			"group", c.pid(), "after", time.Since(began))
	}
}
