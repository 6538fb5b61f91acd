package process

import (
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Spec describes a program to run.
type Spec struct {
	Command []string // program and arguments
	Dir     string   // working directory; "" is concierge's own
	Env     []string // complete environment
	Stop    Stop     // how it is stopped
	// SignalGroup sends signals to the whole group of the program, for one that
	// does not pass them on, such as a shell.
	SignalGroup bool
	Output      Output // the zero value passes the streams on
	Identity
}

// Same reports whether a program that was started as s needs no restart to
// become t.
func (s Spec) Same(t Spec) bool {
	return slices.Equal(s.Command, t.Command) && s.Dir == t.Dir && slices.Equal(s.Env, t.Env) &&
		s.Output.Format == t.Output.Format && s.Identity.same(t.Identity)
}

// Stop is how a program is asked to end.
type Stop struct {
	Signal  syscall.Signal
	Timeout time.Duration // then the group is killed
	// Splay is the longest random delay before the program is signalled or
	// restarted because of a change.
	Splay time.Duration
}

// Child is one running program and its group. Its methods may be called
// concurrently.
type Child struct {
	cmd      *exec.Cmd
	children *Children
	log      *slog.Logger
	tty      terminal
	done     chan struct{} // closed when the leader ended and status is set
	gone     chan struct{} // closed when nothing of the group is left
	// status is written once before done is closed.
	status Status

	toGroup bool     // see Spec.SignalGroup
	out     *printer // nil: the streams were passed on
}

// StartChild starts a program with the standard streams of concierge. With a
// terminal as standard input and front set the child becomes its foreground
// group, so that it can read and gets the keys' signals. The error is a
// [*StartError]. Either [Child.End] or [Child.Settle] has to follow.
func StartChild(children *Children, spec Spec, front bool) (*Child, error) {
	cmd, err := spec.command()
	if err != nil {
		return nil, err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	var tty terminal
	if front {
		tty = standardTerminal()
	} else {
		cmd.Stdin = nil
	}
	out, err := spec.redirect(cmd)
	if err != nil {
		return nil, &StartError{Program: spec.Command[0], Err: err}
	}
	if tty.ours() {
		cmd.SysProcAttr = &syscall.SysProcAttr{Foreground: true, Ctty: tty.fd}
	}
	if err := children.Start(cmd); err != nil {
		if out != nil {
			out.close()
		}
		failed := &StartError{Program: spec.Command[0], Err: unwrapExec(err)}
		if errors.Is(err, syscall.E2BIG) {
			failed.Hint = "arguments and environment are too large together; render large values into files"
		}
		return nil, failed
	}
	c := &Child{
		cmd: cmd, children: children, log: children.log, tty: tty, toGroup: spec.SignalGroup,
		done: make(chan struct{}), gone: make(chan struct{}), out: out,
	}
	if out != nil {
		out.start()
	}
	go c.wait()
	if tty.present {
		go c.followStops()
	}
	return c, nil
}

// redirect gives a command the pipes of a printer, if its output is not just
// passed on.
func (s Spec) redirect(cmd *exec.Cmd) (*printer, error) {
	if s.Output.Format == "" {
		return nil, nil
	}
	p, err := newPrinter(s.Output)
	if err != nil {
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = p.streams[0].write, p.streams[1].write
	return p, nil
}

// wait waits for the leader.
func (c *Child) wait() {
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

// PID is the process ID, which is that of the group, too.
func (c *Child) PID() int { return c.cmd.Process.Pid }

// Done is closed when the leader has ended and [Child.Status] is known.
func (c *Child) Done() <-chan struct{} { return c.done }

// Gone is closed when nothing of the group is left.
func (c *Child) Gone() <-chan struct{} { return c.gone }

// Status is how the leader ended. It may be called once Done is closed.
func (c *Child) Status() Status { return c.status }

// Settle ends what is left of the group of a child that ended by itself. It
// blocks for at most a few seconds.
func (c *Child) Settle() {
	c.endGroup()
	close(c.gone)
}

// Signal sends sig to the leader, or to the group. A process that has ended is
// not an error.
func (c *Child) Signal(sig syscall.Signal) error {
	select {
	case <-c.done:
		return nil // its number may be somebody else's
	default:
	}
	if sig == syscall.SIGCONT && c.tty.present {
		return c.resume()
	}
	if c.toGroup {
		return ignoreEnded(syscall.Kill(-c.PID(), sig))
	}
	return ignoreEnded(c.cmd.Process.Signal(sig))
}

func ignoreEnded(err error) error {
	if errors.Is(err, os.ErrProcessDone) || errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// End asks the leader to stop, waits, kills the group, and returns how the
// leader ended. It blocks for at most the stop timeout plus groupGrace.
func (c *Child) End(stop Stop) Status {
	defer close(c.gone)
	_ = c.Signal(stop.Signal)
	if c.stopped() { // it cannot act on the signal
		_ = c.Signal(syscall.SIGCONT)
	}
	timer := time.NewTimer(stop.Timeout)
	defer timer.Stop()
	select {
	case <-c.done:
	case <-timer.C:
		c.log.Warn("program did not stop in time and is killed (see stop.timeout)", "pid", c.PID(), "after", stop.Timeout)
		c.Kill()
		<-c.done
	}
	c.endGroup()
	return c.status
}

// stopped reports whether the leader is stopped, as by SIGSTOP, or may be:
// without a usable /proc nobody knows.
func (c *Child) stopped() bool {
	state := statOf(c.PID()).state
	return state == "T" || state == "t" || state == ""
}

// Kill kills the whole group, unless the leader has been waited for: then its
// number may be somebody else's.
func (c *Child) Kill() {
	select {
	case <-c.done:
	default:
		killGroup(c.PID(), syscall.SIGKILL)
	}
}

// endGroup ends what is left of the group after its leader.
func (c *Child) endGroup() {
	began := time.Now()
	if c.children.endGroup(c.PID()) {
		c.log.Warn("what the program left running did not end in time and was killed",
			"group", c.PID(), "after", time.Since(began))
	}
	if c.out != nil {
		c.out.finish()
	}
}
