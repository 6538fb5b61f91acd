package process

import (
	"errors"
	"log/slog"
	"os/exec"
	"sync"
	"syscall"
)

// Children starts every program of concierge and knows which processes are its
// own. It is what makes it safe to wait for orphans beside os/exec, see
// [Children.Reap]: whatever runs a program in this process has to do so through
// the one Children, or within [Children.Hold].
//
// Its methods may be called concurrently.
type Children struct {
	log     *slog.Logger
	spawner spawner

	// hold is held for reading from before a fork until the child is in own,
	// and for writing while an orphan is picked out and reaped.
	hold sync.RWMutex

	mu  sync.Mutex
	own map[int]*exec.Cmd // by process ID; guarded by mu

	look chan struct{} // one slot: a child was forgotten, so look again
}

// NewChildren returns a Children that has started nothing. Close ends it.
func NewChildren(log *slog.Logger) *Children {
	return &Children{log: log, own: make(map[int]*exec.Cmd), look: make(chan struct{}, 1)}
}

// Close ends the thread that starts programs. Programs that were started are
// not touched. Nothing can be started afterwards.
func (c *Children) Close() { c.spawner.close() }

// Start starts cmd as the leader of a process group of its own, with the
// kernel's word that it is killed when concierge ends in whatever way
// (PR_SET_PDEATHSIG; see prctl(2), also for the programs that lose it: those
// that are set-user-ID or have capabilities). What cmd starts in turn is not
// killed. [Children.Wait] has to follow.
func (c *Children) Start(cmd *exec.Cmd) error { return c.start(cmd, syscall.SIGKILL) }

// Leave starts cmd as Start does, but to go on when concierge ends.
func (c *Children) Leave(cmd *exec.Cmd) error { return c.start(cmd, 0) }

func (c *Children) start(cmd *exec.Cmd, death syscall.Signal) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Setpgid, cmd.SysProcAttr.Pdeathsig = true, death
	c.hold.RLock()
	defer c.hold.RUnlock()
	if err := c.spawner.start(cmd); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own[cmd.Process.Pid] = cmd
	return nil
}

// Wait is cmd.Wait for what Start and Leave started.
func (c *Children) Wait(cmd *exec.Cmd) error {
	defer c.forget(cmd)
	return cmd.Wait()
}

// Run is Start and Wait. When the context of cmd ends, its whole group is
// killed.
func (c *Children) Run(cmd *exec.Cmd) error {
	if cmd.Cancel != nil {
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	}
	if err := c.Start(cmd); err != nil {
		return err
	}
	return c.Wait(cmd)
}

// Hold calls f while no orphan is reaped, for a library that runs a program
// by itself and to its end. f must be quick: meanwhile zombies stay.
func (c *Children) Hold(f func()) {
	c.hold.RLock()
	defer c.hold.RUnlock()
	f()
}

// forget says that cmd was waited for. Its number may belong to another child
// by now.
func (c *Children) forget(cmd *exec.Cmd) {
	c.mu.Lock()
	if c.own[cmd.Process.Pid] == cmd {
		delete(c.own, cmd.Process.Pid)
	}
	c.mu.Unlock()
	select {
	case c.look <- struct{}{}:
	default:
	}
}

func (c *Children) owns(pid int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.own[pid] != nil
}

// reapGroup reaps the ended members of a group whose leader was waited for, as
// far as they became children of ours.
func (c *Children) reapGroup(pgid int) {
	c.hold.Lock()
	defer c.hold.Unlock()
	for {
		pid, err := syscall.Wait4(-pgid, nil, syscall.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}
