package reload

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"concierge/reload/process"
)

// undo brings the versions before back, and tells everybody again.
func (a *application) undo(ctx context.Context, sets []*staging, replaced bool, cause error) {
	alone := len(sets)+count(replaced) == 1
	concerned := a.names(func(w *staging) bool { return slices.Contains(sets, w) })
	a.Journal.NoteUndoing(alone, cause.Error(), concerned...)
	for i := len(sets) - 1; i >= 0; i-- {
		w := sets[i]
		if err := w.undo(); err != nil {
			w.result.Err = fmt.Errorf("%w; and the version before could not be brought back: %w", cause, err)
			w.result.Stuck = true
			continue
		}
		w.result.Err, w.result.Undone, w.result.Alone = cause, true, alone
		a.recant(w)
	}
	if replaced {
		a.want = a.before
		a.report.ProcessErr, a.report.ProcessUndone, a.report.ProcessAlone, a.report.Taken = cause, true, alone, false
	}
	a.report.did("roll-back")
	if err := a.actAgain(ctx, replaced); err != nil {
		a.Log.Error("action after a roll-back failed, it will be tried again", "sets", concerned, "error", err)
		for _, w := range sets {
			w.result.Untold = w.result.Undone
		}
	} else {
		a.Journal.NoteUndone(false, a.names(func(w *staging) bool { return w.result.Undone })...)
	}
	a.reassure(ctx, sets, replaced)
	a.main.Forgive()
}

// reassure looks whether the roll-back has helped, and tells everybody once more
// if not: a server may lose a signal that comes while it is still busy with the
// one about the bad version (HAProxy does while it executes itself anew).
func (a *application) reassure(ctx context.Context, sets []*staging, replaced bool) {
	started := a.report.restarted // what was started has read what is back
	err := a.look(ctx, sets)
	if err != nil && ctx.Err() == nil && !started {
		a.Log.Warn("not healthy after the roll-back, everybody is told once more", "error", err)
		_ = a.actAgain(ctx, replaced) // a failure of the first time is tried again, and so is what does not help
		err = a.look(ctx, sets)
	}
	if err != nil && ctx.Err() == nil {
		a.Log.Error("not healthy after the roll-back either: the cause may lie elsewhere", "error", err)
	}
}

// recant adds all actions of a set that was told of its version before concierge
// was started: what is back may be other files than those that were changed now.
func (a *application) recant(w *staging) {
	if !w.set.Watch.Always {
		return
	}
	for _, action := range w.actionsOf(func(int) bool { return true }) {
		a.todo.add(a.resolve(action, a.want))
	}
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// look asks the health checks once more.
func (a *application) look(ctx context.Context, sets []*staging) error {
	_, checks := a.window(sets, true)
	if len(checks) == 0 {
		return nil
	}
	return a.observe(ctx, time.Second, checks)
}

// actAgain does the actions once more, now that what was before is back. A
// process that has ended since is started, and needs no reload then; one that
// was started with the bad version is started anew, since no signal stood in
// for that.
func (a *application) actAgain(ctx context.Context, replaced bool) error {
	restart := a.alive && (replaced || a.todo.restart || a.report.restarted || !a.main.Running())
	if restart {
		a.todo.commands = slices.DeleteFunc(a.todo.commands, func(c process.Command) bool {
			return slices.ContainsFunc(a.todo.reloads, c.Equal)
		})
	}
	errs := slices.Collect(maps.Values(a.todo.runCommands(ctx, a.runner(), a.g.CommandEnv, &a.report)))
	errs = slices.AppendSeq(errs, maps.Values(a.todo.tellJobs(a.Jobs, &a.report)))
	switch {
	case ctx.Err() != nil:
		errs = append(errs, ctx.Err())
	case restart:
		a.report.restarted = true
		a.report.did("restart")
		errs = append(errs, a.main.Restart(ctx, a.want.Plan))
	case a.alive:
		errs = append(errs, a.sendAll(a.todo.signals, &a.report))
	}
	return errors.Join(errs...)
}
