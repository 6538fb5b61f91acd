//go:build !linux

package testserver

import (
	"syscall"
	"time"
)

// boundToParent keeps the terminal's Ctrl-C from the child. Where the kernel
// has no parent-death signal the reaper ends it.
func boundToParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// awaitStopped gives the signal time to arrive: there is no portable way to
// look at the state of a child without taking it from the child's waiter.
func awaitStopped(int) error { time.Sleep(100 * time.Millisecond); return nil }
