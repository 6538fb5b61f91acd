//go:build !linux

package testserver

import "syscall"

// boundToParent keeps the terminal's Ctrl-C from the child. Where the kernel
// has no parent-death signal the reaper ends it.
func boundToParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
