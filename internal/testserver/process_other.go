//go:build !linux

package testserver

import (
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// boundToParent keeps the terminal's Ctrl-C from the child. Where the kernel
// has no parent-death signal the reaper ends it.
func boundToParent(syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// freezeTimeout bounds the wait for a child to stop.
const freezeTimeout = 10 * time.Second

// awaitStopped asks ps until the child has stopped: there is no portable way to
// look at the state of a child without taking it from the child's waiter.
func awaitStopped(pid int) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(freezeTimeout); time.Now().Before(deadline); <-tick.C {
		state, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
		if err != nil {
			return fmt.Errorf("asking ps for the state of process %d: %w", pid, err)
		}
		if strings.HasPrefix(strings.TrimSpace(string(state)), "T") {
			return nil
		}
	}
	return fmt.Errorf("process %d has not stopped after %s", pid, freezeTimeout)
}

// CPUTime is for Linux only.
func CPUTime(int) (time.Duration, error) {
	return 0, errors.New("the processor time of another process is read on Linux only")
}
