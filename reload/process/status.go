package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// Exit statuses that shells give to a command that could not be executed.
const (
	CodeNotExecutable = 126
	CodeNotFound      = 127
	codeSignalBase    = 128
)

// Status is how a process ended.
type Status struct {
	Code   int            // exit status; meaningless when Signal is set
	Signal syscall.Signal // signal that ended the process, or 0
}

// ExitCode is the status in the form of a shell: the process's own, or 128+n
// when signal n ended it.
func (s Status) ExitCode() int {
	if s.Signal != 0 {
		return codeSignalBase + int(s.Signal)
	}
	return s.Code
}

// String describes the status for logs.
func (s Status) String() string {
	if s.Signal != 0 {
		return fmt.Sprintf("killed by signal %d (%s)", int(s.Signal), s.Signal)
	}
	return fmt.Sprintf("exit status %d", s.Code)
}

func statusOf(state *os.ProcessState) Status {
	if ws, ok := state.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return Status{Signal: ws.Signal()}
	}
	return Status{Code: state.ExitCode()}
}

// StartError says that a program could not be executed at all.
type StartError struct {
	Program string
	Err     error
	Hint    string // what to look at; a guess from Err if empty
}

func (e *StartError) Error() string {
	hint := e.Hint
	switch {
	case hint != "":
	case e.Code() == CodeNotFound:
		hint = "is it spelled right, installed, and on the PATH?"
	default:
		hint = "is it executable, and its interpreter installed?"
	}
	return fmt.Sprintf("starting %q: %v (%s)", e.Program, e.Err, hint)
}

// Unwrap returns the cause.
func (e *StartError) Unwrap() error { return e.Err }

// Code is the shell's exit status for the failure: 127 when the program does
// not exist, else 126.
func (e *StartError) Code() int {
	if errors.Is(e.Err, fs.ErrNotExist) || errors.Is(e.Err, exec.ErrNotFound) {
		return CodeNotFound
	}
	return CodeNotExecutable
}
