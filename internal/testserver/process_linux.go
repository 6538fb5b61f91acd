package testserver

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// boundToParent makes the kernel end the child with the test binary, and keeps
// the terminal's Ctrl-C from it.
func boundToParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitStopped waits until every thread of the child has stopped: the signal
// itself is delivered later than kill(2) returns, and an answer given in
// between would break a test. WNOWAIT leaves the state to the child's waiter.
func awaitStopped(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WSTOPPED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
