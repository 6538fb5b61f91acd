package testserver

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// boundToParent makes the kernel send the child a signal when the test binary
// ends, and keeps the terminal's Ctrl-C from it.
func boundToParent(death syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: death}
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

// CPUTime returns what all threads of a process have used of the processors so
// far, to the nanosecond: /proc/PID/stat counts in hundredths of a second, too coarse for a
// process that idles.
func CPUTime(pid int) (time.Duration, error) {
	// The kernel's encoding of another process's CPU clock (clock_getcpuclockid(3)).
	const schedulerClock = 2
	var t unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|schedulerClock), &t); err != nil {
		return 0, fmt.Errorf("reading the CPU clock of process %d: %w", pid, err)
	}
	return time.Duration(t.Nano()), nil
}
