package reload

import (
	"log/slog"
	"slices"
	"sync"
	"syscall"
)

// Supervisor owns the process. [Supervisor.Apply] and [Supervisor.Shutdown]
// belong to one goroutine; the other methods may be called from any.
type Supervisor struct {
	log      *slog.Logger
	children *Children
	exited   chan Status

	// Owned by the goroutine of Apply.
	want    *Process // as last wanted
	started bool     // it is started once; after that only restarted
	behind  bool     // it was not told of files that changed
	last    Status   // of the process that was stopped last

	mu     sync.Mutex
	child  *child // guarded by mu; nil when none is running, or it is being stopped
	latest *child // guarded by mu; started last, for Kill
}

// New returns a supervisor that has not started anything. It runs all programs
// by children, which may be shared.
func New(log *slog.Logger, children *Children) *Supervisor {
	return &Supervisor{log: log, children: children, exited: make(chan Status, 1)}
}

// Exited delivers the status of a process that ended by itself. It delivers
// nothing for a process that was stopped on purpose.
func (s *Supervisor) Exited() <-chan Status { return s.exited }

// Running reports whether the process was started and has not ended.
func (s *Supervisor) Running() bool { return s.current() != nil }

func (s *Supervisor) current() *child {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.child
}

// Signal forwards a signal to the process, also while it is being stopped. It
// does nothing when there is none.
func (s *Supervisor) Signal(sig syscall.Signal) error {
	s.mu.Lock()
	c := s.latest
	s.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.signal(sig)
}

// Shutdown stops the process and returns how it ended, or how the last one did
// if none runs; it blocks for at most the stop timeout and a few seconds. ok is
// false when none was ever started.
func (s *Supervisor) Shutdown() (status Status, ok bool) {
	s.mu.Lock()
	c, latest := s.child, s.latest
	s.child = nil // its end is no longer reported
	s.mu.Unlock()
	switch {
	case c != nil:
		s.last = c.end(s.want.Spec.Stop)
		s.log.Info("process stopped", "pid", c.pid(), "status", s.last.String())
	case latest != nil: // it ended by itself, or was stopped before
		<-latest.gone
		s.last = latest.status
	}
	return s.last, s.started
}

// Kill kills the group of the process at once, also while it is being stopped.
func (s *Supervisor) Kill() {
	s.mu.Lock()
	c := s.latest
	s.mu.Unlock()
	if c != nil {
		c.kill()
	}
}

// start starts the process as wanted.
func (s *Supervisor) start() error {
	if err := s.want.check(); err != nil {
		return err
	}
	// A signal that comes now waits for the process: that may run already, and
	// even have said so.
	s.mu.Lock()
	c, err := startChild(s.children, s.want.Spec, s.want.Env)
	if err == nil {
		s.child, s.latest = c, c
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	s.log.Info("process started", "pid", c.pid(), "command", s.want.Spec.Command[0])
	go s.watch(c)
	return nil
}

// watch reports the end of c, unless it was taken to be stopped on purpose.
func (s *Supervisor) watch(c *child) {
	<-c.done
	s.mu.Lock()
	own := s.child == c
	if own {
		s.child = nil
	}
	s.mu.Unlock()
	if own {
		c.endGroup()
		close(c.gone)
		s.exited <- c.status
	}
}

// sameProcess reports whether a running process that was started as p needs no
// restart to become q.
func sameProcess(p, q *Process) bool {
	return slices.Equal(p.Spec.Command, q.Spec.Command) && p.Spec.Dir == q.Spec.Dir && slices.Equal(p.Env, q.Env)
}
