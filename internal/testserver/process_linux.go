package testserver

import "syscall"

// boundToParent makes the kernel end the child with the test binary, and keeps
// the terminal's Ctrl-C from it.
func boundToParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
