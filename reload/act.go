package reload

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"concierge/reload/job"
	"concierge/reload/process"
)

// todo is what a generation asks for, each thing once.
type todo struct {
	commands []process.Command
	reloads  []process.Command // those of the commands that reload the process
	signals  []syscall.Signal
	restart  bool
	jobs     []Action // of jobs besides the process
}

// add notes one action.
func (t *todo) add(a Action) {
	if a.ofJob() {
		if !slices.ContainsFunc(t.jobs, a.sameJob) {
			t.jobs = append(t.jobs, a)
		}
		return
	}
	switch a.Kind {
	case RunCommand:
		if a.reloads {
			t.reloads = append(t.reloads, a.Command)
		}
		i := slices.IndexFunc(t.commands, a.Command.Equal)
		if i < 0 {
			t.commands = append(t.commands, a.Command)
			return
		}
		t.commands[i].Silent = t.commands[i].Silent || a.Command.Silent
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
		a = p.Reload.action()
		a.reloads = a.Kind == RunCommand
		a.Command.Silent, a.Command.Loud = asked.Silent, asked.Loud
	}
	if a.Kind != RunCommand && !a.ofJob() && !s.started {
		return Action{}
	}
	return a
}

// ofJob reports whether the action is about a job besides the process.
func (a Action) ofJob() bool { return a.Job != "" && a.Job != job.ProcessName }

func (a Action) sameJob(b Action) bool {
	return a.Kind == b.Kind && a.Job == b.Job && a.Signal == b.Signal
}

// tellJobs signals or restarts jobs and returns the errors by the name of the
// job.
func (t *todo) tellJobs(jobs *job.Group, report *Report) map[string]error {
	failed := make(map[string]error)
	for _, a := range t.jobs {
		j, err := jobs.Find(a.Job)
		switch {
		case err != nil:
			err = nil // it was not started yet, and will read what is new
		case a.Kind == SendSignal:
			report.did("signal " + unix.SignalName(a.Signal) + " to " + a.Job)
			err = j.Signal(a.Signal)
		default:
			report.did("restart of " + a.Job)
			err = j.Refresh()
		}
		if err != nil {
			failed[a.Job] = fmt.Errorf("telling job %s: %w", a.Job, err)
		}
	}
	return failed
}

// act does what the committed sets ask for: commands in the order of their
// files, then the process. A restart makes signals needless, and a process
// that is only being started now has read the new files anyway.
func (a *application) act(ctx context.Context) {
	a.alive = a.Running()
	if a.g.Together && slices.ContainsFunc(a.work, func(w *staging) bool { return w.result.Err != nil }) {
		a.g.Process = nil
	}
	target := a.want
	if a.g.Process != nil {
		target = a.g.Process
	}
	a.asked = make([][]Action, len(a.work))
	for i, w := range a.work {
		for _, action := range w.actions() {
			action = a.resolve(action, target)
			a.todo.add(action)
			a.asked[i] = append(a.asked[i], action)
		}
	}
	failed := a.todo.runCommands(ctx, a.runner(), a.g.CommandEnv, &a.report)
	if a.g.Together && len(failed) > 0 {
		a.g.Process = nil
	}
	untold := a.todo.tellJobs(a.Jobs, &a.report)
	processErr := a.actOnProcess(ctx)
	a.report.Taken = a.g.Process != nil && a.want == a.g.Process && processErr == nil
	for i, w := range a.work {
		for _, action := range a.asked[i] {
			w.result.ActionErr = firstError(w.result.ActionErr, a.todo.outcome(action, failed, untold, processErr))
		}
	}
}

// runCommands runs every command and returns the errors by their place.
func (t *todo) runCommands(ctx context.Context, r runner, env []string, report *Report) map[int]error {
	failed := make(map[int]error)
	for i, c := range t.commands {
		if err := r.run(ctx, ForReload, c, env); err != nil {
			failed[i] = err
			report.did("failed command " + c.Command[0])
			continue
		}
		report.did("command " + c.Command[0])
	}
	return failed
}

// outcome returns the error of the thing that a asked for.
func (t *todo) outcome(a Action, failed map[int]error, untold map[string]error, processErr error) error {
	if a.ofJob() {
		return untold[a.Job]
	}
	switch a.Kind {
	case NoAction, ReloadProcess:
		return nil
	case RunCommand:
		return failed[slices.IndexFunc(t.commands, a.Command.Equal)]
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
func (a *application) actOnProcess(ctx context.Context) error {
	running := a.Running()
	switch {
	case a.g.Process != nil:
		a.want, a.todo.restart, a.behind = a.g.Process, a.todo.restart || a.behind, false
	case a.g.Outdated && running:
		a.behind = a.behind || a.todo.restart || len(a.todo.signals) > 0
		return nil
	}
	switch {
	case ctx.Err() != nil || a.want == nil:
		return ctx.Err()
	case !running:
		return a.startProcess(ctx)
	case a.todo.restart || !sameProcess(a.before, a.want):
		if a.report.ProcessErr = a.restart(ctx); a.report.ProcessErr == nil || a.todo.restart {
			return firstError(a.report.ProcessErr, a.report.StartErr)
		}
		// The process goes on as it was, so it must hear of what changed.
	case a.want != a.before:
		a.main.Adopt(a.want.Plan)
	}
	if len(a.todo.signals) > 0 && !a.splay(ctx) {
		return ctx.Err()
	}
	return a.sendAll(a.todo.signals, &a.report)
}

// startProcess starts a process that does not run: for the first time, or
// because the change may be what it failed for.
func (a *application) startProcess(ctx context.Context) error {
	switch {
	case a.started && !a.main.Resting():
		return nil // its own end is being reported
	case a.started:
		a.report.did("start")
		a.report.restarted, a.alive = true, true
		return a.main.Restart(ctx, a.want.Plan)
	case a.g.Process == nil:
		return nil // not complete yet
	}
	a.started, a.report.restarted, a.alive = true, true, true
	a.report.did("start")
	a.report.StartErr = a.main.Start(a.want.Plan)
	return a.report.StartErr
}

// splay waits a random part of the process's splay, so that a fleet does not
// act at once. It reports whether the process is still there to be acted on.
func (s *Supervisor) splay(ctx context.Context) bool {
	longest, gone := s.want.Plan.Spec.Stop.Splay, s.main.Gone()
	if longest <= 0 || gone == nil {
		return ctx.Err() == nil
	}
	t := time.NewTimer(rand.N(longest))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-gone:
		return false
	case <-ctx.Done():
		return false
	}
}

// restart replaces the running process by the wanted one. When that cannot be
// started the process goes on as it was before.
func (a *application) restart(ctx context.Context) error {
	if err := a.want.Plan.Spec.Check(); err != nil {
		a.want = a.before
		return err
	}
	if !a.splay(ctx) {
		return ctx.Err()
	}
	a.report.did("restart")
	a.report.restarted = true
	err := a.main.Restart(ctx, a.want.Plan)
	if err == nil || ctx.Err() != nil {
		return nil
	}
	a.want = a.before
	if again := a.main.Restart(ctx, a.before.Plan); again != nil {
		a.report.StartErr = err
		return err
	}
	return fmt.Errorf("%w; the process was started as it was before", err)
}

func (s *Supervisor) sendAll(signals []syscall.Signal, report *Report) error {
	for _, sig := range signals {
		report.did("signal " + unix.SignalName(sig))
		if err := s.main.Signal(sig); err != nil {
			return fmt.Errorf("sending %s to the process: %w", unix.SignalName(sig), err)
		}
	}
	return nil
}
