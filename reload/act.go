package reload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// todo is what a generation asks for, each thing once.
type todo struct {
	commands []Command
	signals  []syscall.Signal
	restart  bool
}

// add notes one action.
func (t *todo) add(a Action) {
	switch a.Kind {
	case RunCommand:
		i := slices.IndexFunc(t.commands, a.Command.equal)
		if i < 0 {
			t.commands = append(t.commands, a.Command)
			return
		}
		t.commands[i].silent = t.commands[i].silent || a.Command.silent
	case SendSignal:
		if !slices.Contains(t.signals, a.Signal) {
			t.signals = append(t.signals, a.Signal)
		}
	case RestartProcess:
		t.restart = true
	}
}

// resolve turns "reload" into what that means for p. Without a process that
// was started there is nothing to reload, signal or restart.
func (s *Supervisor) resolve(a Action, p *Process) Action {
	if a.Kind == ReloadProcess && s.started {
		asked := a.Command
		a = p.Spec.Reload.action()
		a.Command.silent, a.Command.loud = asked.silent, asked.loud
	}
	if a.Kind != RunCommand && !s.started {
		return Action{}
	}
	return a
}

// act does what the committed sets ask for: commands in the order of their
// files, then the process. A restart makes signals needless, and a process
// that is only being started now has read the new files anyway.
func (s *Supervisor) act(ctx context.Context, g Generation, work []*staging, report *Report) {
	if g.Together && slices.ContainsFunc(work, func(w *staging) bool { return w.result.Err != nil }) {
		g.Process = nil
	}
	target := s.want
	if g.Process != nil {
		target = g.Process
	}
	var t todo
	asked := make([][]Action, len(work))
	for i, w := range work {
		for _, a := range w.actions() {
			a = s.resolve(a, target)
			t.add(a)
			asked[i] = append(asked[i], a)
		}
	}
	failed := t.runCommands(ctx, s.children, g.CommandEnv, report)
	if g.Together && len(failed) > 0 {
		g.Process = nil
	}
	processErr := s.actOnProcess(ctx, g, t, report)
	report.Taken = g.Process != nil && s.want == g.Process && processErr == nil
	for i, w := range work {
		for _, a := range asked[i] {
			w.result.ActionErr = firstError(w.result.ActionErr, t.outcome(a, failed, processErr))
		}
	}
}

// runCommands runs every command and returns the errors by their place.
func (t *todo) runCommands(ctx context.Context, children *Children, env []string, report *Report) map[int]error {
	failed := make(map[int]error)
	for i, c := range t.commands {
		if err := c.run(ctx, children, env); err != nil {
			failed[i] = err
			report.did("failed command " + c.Command[0])
			continue
		}
		report.did("command " + c.Command[0])
	}
	return failed
}

// outcome returns the error of the thing that a asked for.
func (t *todo) outcome(a Action, failed map[int]error, processErr error) error {
	switch a.Kind {
	case NoAction, ReloadProcess:
		return nil
	case RunCommand:
		return failed[slices.IndexFunc(t.commands, a.Command.equal)]
	}
	return processErr
}

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// actOnProcess starts, restarts or signals the process.
func (s *Supervisor) actOnProcess(ctx context.Context, g Generation, t todo, report *Report) error {
	before := s.want
	running := s.Running()
	switch {
	case g.Process != nil:
		s.want, t.restart, s.behind = g.Process, t.restart || s.behind, false
	case g.Outdated && running:
		s.behind = s.behind || t.restart || len(t.signals) > 0
		return nil
	}
	switch {
	case ctx.Err() != nil || s.want == nil:
		return ctx.Err()
	case !running && (g.Process == nil || s.started):
		return nil // not complete yet, or its own end is being reported
	case !running:
		s.started = true
		report.did("start")
		report.StartErr = s.start()
		return report.StartErr
	case t.restart || !sameProcess(before, s.want):
		if report.ProcessErr = s.restart(ctx, before, report); report.ProcessErr == nil || t.restart {
			return firstError(report.ProcessErr, report.StartErr)
		}
		// The process goes on as it was, so it must hear of what changed.
	}
	if len(t.signals) > 0 && !s.splay(ctx) {
		return ctx.Err()
	}
	return s.sendAll(t.signals, report)
}

// splay waits a random part of the process's splay, so that a fleet does not
// act at once. It reports whether the process is still there to be acted on.
func (s *Supervisor) splay(ctx context.Context) bool {
	longest := s.want.Spec.Stop.Splay
	c := s.current()
	if longest <= 0 || c == nil {
		return ctx.Err() == nil
	}
	t := time.NewTimer(rand.N(longest))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.done:
		return false
	case <-ctx.Done():
		return false
	}
}

// restart replaces the running process by the wanted one. When that cannot be
// started the process goes on as it was before.
func (s *Supervisor) restart(ctx context.Context, before *Process, report *Report) error {
	if err := s.want.check(); err != nil {
		s.want = before
		return err
	}
	if !s.splay(ctx) {
		return ctx.Err()
	}
	report.did("restart")
	s.Shutdown()
	if ctx.Err() != nil {
		return nil
	}
	err := s.start()
	if err == nil {
		return nil
	}
	s.want = before
	if again := s.start(); again != nil {
		report.StartErr = err
		return err
	}
	return fmt.Errorf("%w; the process was started as it was before", err)
}

func (s *Supervisor) sendAll(signals []syscall.Signal, report *Report) error {
	for _, sig := range signals {
		report.did("signal " + unix.SignalName(sig))
		if err := s.Signal(sig); err != nil {
			return fmt.Errorf("sending %s to the process: %w", unix.SignalName(sig), err)
		}
	}
	return nil
}
