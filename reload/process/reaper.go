package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// again is when to look again at a zombie that somebody is about to wait for.
const again = 20 * time.Millisecond

// Reap waits for processes that lost their parents, until ctx ends. As PID 1
// they come to concierge anyway; else it asks for those below it
// (PR_SET_CHILD_SUBREAPER), and leaves them to init when it ends. Only one Reap
// may run in a process, and only if all programs are run by c. Its error says
// that orphans go elsewhere; it then has returned at once.
//
// The status of an own child is never taken: a zombie is only looked at
// (WNOWAIT), and reaped if it is not one of them. Waiting for any child beside
// os/exec loses statuses.
func (c *Children) Reap(ctx context.Context) error {
	if os.Getpid() != 1 {
		if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
			return fmt.Errorf("becoming the parent of orphans (prctl PR_SET_CHILD_SUBREAPER): %w", err)
		}
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	defer signal.Stop(ended)
	timer := time.NewTimer(again)
	defer timer.Stop()
	for {
		timer.Stop()
		if !c.reapOrphans() {
			timer.Reset(again)
		}
		select {
		case <-ended:
		case <-c.look:
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// reapOrphans reaps until nothing has ended, or until it meets an own child,
// behind which there may be more: then it returns false.
func (c *Children) reapOrphans() (all bool) {
	for {
		pid, own := c.reapOne()
		switch {
		case own:
			return false
		case pid == 0:
			return true
		}
		c.log.Debug("orphan ended", "pid", pid)
	}
}

// reapOne reaps one orphan and returns its number, or 0 if none has ended. With
// own it met a child that is not its to wait for.
func (c *Children) reapOne() (pid int, own bool) {
	c.hold.Lock()
	defer c.hold.Unlock()
	pid = peek()
	if pid == 0 || c.owns(pid) {
		return pid, pid != 0
	}
	for {
		reaped, err := syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		if !errors.Is(err, syscall.EINTR) {
			return max(0, reaped), false
		}
	}
}

// peek returns the number of a child that has ended and leaves it as it is; 0
// if there is none.
func peek() int {
	pid, _ := waitid(unix.P_ALL, 0, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT)
	return pid
}

// waitid is waitid(2); it returns si_pid and si_status, and 0 for the first if
// no child is in the state that was asked for.
func waitid(kind, id, options int) (pid, status int) {
	var info unix.Siginfo
	for {
		err := unix.Waitid(kind, id, &info, options, nil)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return 0, 0
		}
	}
	// After three numbers comes a union that is aligned as a pointer is; for
	// children it begins with pid, uid and status. See sigaction(2).
	const word = unsafe.Sizeof(uintptr(0))
	const union = (3*4 + word - 1) / word * word
	fields := (*[3]int32)(unsafe.Add(unsafe.Pointer(&info), union))
	return int(fields[0]), int(fields[2])
}
