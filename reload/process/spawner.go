package process

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
)

// spawner starts all programs on one thread. The signal that a child gets at
// the death of its parent is bound to the thread that forked it, and Go ends
// threads as it likes: see golang.org/issue/27505. The thread is started with
// the first program.
type spawner struct {
	mu     sync.Mutex
	jobs   chan spawn    // guarded by mu; nil before the first program
	done   chan struct{} // closed when the thread is free again
	closed bool          // guarded by mu
}

// spawn is one program to start.
type spawn struct {
	cmd *exec.Cmd
	err chan<- error
}

var errClosed = errors.New("concierge is ending")

// start is cmd.Start on the thread. It blocks until the program was executed.
func (s *spawner) start(cmd *exec.Cmd) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return errClosed
	}
	if s.jobs == nil {
		s.jobs, s.done = make(chan spawn), make(chan struct{})
		go s.serve(s.jobs)
	}
	err := make(chan error)
	s.jobs <- spawn{cmd, err}
	return <-err
}

// close waits until the thread is free. It may be called twice.
func (s *spawner) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs != nil && !s.closed {
		close(s.jobs)
		<-s.done
	}
	s.closed = true
}

// serve owns the thread. It gives it back alive: children may still be bound
// to it.
func (s *spawner) serve(jobs <-chan spawn) {
	defer close(s.done)
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for j := range jobs {
		j.err <- startUnignored(j.cmd)
	}
}

// startUnignored is cmd.Start without passing on that a signal is ignored,
// which a program inherits (execve(2)), unlike a handler. Of those that
// concierge itself ignores, it has a handler until the program is executed: the
// default action, even for a moment, would stop concierge.
func startUnignored(cmd *exec.Cmd) error {
	if !signal.Ignored(syscall.SIGTTOU) {
		return cmd.Start()
	}
	signal.Notify(make(chan os.Signal, 1), syscall.SIGTTIN, syscall.SIGTTOU)
	defer signal.Ignore(syscall.SIGTTIN, syscall.SIGTTOU)
	return cmd.Start()
}
