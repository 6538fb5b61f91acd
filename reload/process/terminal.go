package process

import (
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal of concierge, if that is its standard
// input. The zero value is none.
type terminal struct {
	fd      int
	present bool
}

func standardTerminal() terminal {
	fd := int(os.Stdin.Fd())
	_, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP)
	return terminal{fd: fd, present: err == nil}
}

// ours reports whether our group is in front, or whether an earlier child was
// put there, whose group is gone.
func (t terminal) ours() bool {
	if !t.present {
		return false
	}
	group, err := unix.IoctlGetInt(t.fd, unix.TIOCGPGRP)
	return err == nil && (group == unix.Getpgrp() || unix.Kill(-group, 0) != nil)
}

// give puts a group in front: it may read, and gets the keys' signals. The
// caller must ignore TTOU, else this stops it when it is not in front itself.
func (t terminal) give(group int) {
	_ = unix.IoctlSetPointerInt(t.fd, unix.TIOCSPGRP, group)
}

// followStops stops concierge whenever its child was stopped, so that the shell
// that started concierge notices, until the child ends: the keys of the
// terminal reach only the child's group.
func (c *Child) followStops() {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGCHLD)
	defer signal.Stop(changed)
	for {
		if pid, sig := waitid(unix.P_PID, c.PID(), unix.WSTOPPED|unix.WNOHANG); pid != 0 {
			c.suspend(syscall.Signal(sig))
		}
		select {
		case <-changed:
		case <-c.done:
			return
		}
	}
}

// suspend stops the group of concierge if a shell can continue it, with all
// that runs in one pipeline with concierge. Else nobody could ever continue the
// child, which without concierge would have been spared: the kernel does not
// let a key stop a process that no shell looks after.
func (c *Child) suspend(sig syscall.Signal) {
	switch {
	case shellAbove():
		c.log.Debug("the process was stopped, stopping too", "pid", c.PID(), "signal", sig.String())
		_ = unix.Kill(0, unix.SIGSTOP)
	case sig == syscall.SIGTSTP:
		c.log.Info("the process was stopped from the terminal and continued, since no shell could do so", "pid", c.PID())
		_ = killGroup(c.PID(), syscall.SIGCONT)
	}
}

// resume continues the child's group and puts it in front again, if concierge
// was put there: that is what a shell's fg does.
func (c *Child) resume() error {
	if c.tty.ours() {
		c.tty.give(c.PID())
	}
	return ignoreEnded(syscall.Kill(-c.PID(), syscall.SIGCONT))
}

// shellAbove reports whether our process group has a parent elsewhere in the
// session, which is the one to continue it when it is stopped. It is orphaned
// otherwise; see setpgid(2).
func shellAbove() bool {
	session, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	group := unix.Getpgrp()
	for pid := os.Getppid(); pid > 0; pid = statOf(pid).parent {
		if sid, err := unix.Getsid(pid); err != nil || sid != session {
			return false
		}
		if other, err := unix.Getpgid(pid); err == nil && other != group {
			return true
		}
	}
	return false
}
