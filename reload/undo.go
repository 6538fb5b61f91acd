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
	var names []string
	for i := len(sets) - 1; i >= 0; i-- {
		w := sets[i]
		if err := w.undo(); err != nil {
			w.result.Err = fmt.Errorf("%w; and the version before could not be brought back: %w", cause, err)
			w.result.Stuck = true
			continue
		}
		names = append(names, w.set.Name)
		w.result.Err, w.result.Undone, w.result.Alone = cause, true, alone
	}
	a.Journal.NoteUndone(alone, names...)
	if replaced {
		a.want = a.before
		a.report.ProcessErr, a.report.ProcessUndone, a.report.ProcessAlone, a.report.Taken = cause, true, alone, false
	}
	a.report.did("roll-back")
	if err := a.actAgain(ctx, replaced); err != nil {
		a.Log.Error("the action after a roll-back failed", "sets", names, "error", err)
	}
	a.look(ctx, sets)
}

func count(is bool) int {
	if is {
		return 1
	}
	return 0
}

// look asks once whether the roll-back has helped, for the log.
func (a *application) look(ctx context.Context, sets []*staging) {
	_, checks := a.window(sets, true)
	if len(checks) == 0 {
		return
	}
	if err := a.observe(ctx, time.Second, checks); err != nil && ctx.Err() == nil {
		a.Log.Error("not healthy after the roll-back either: the cause may lie elsewhere", "error", err)
	}
}

// actAgain does the actions once more, now that what was before is back. A
// process that has ended since is started, and needs no reload then.
func (a *application) actAgain(ctx context.Context, replaced bool) error {
	restart := a.alive && (replaced || a.todo.restart || !a.main.Running())
	if restart {
		a.todo.commands = slices.DeleteFunc(a.todo.commands, func(c process.Command) bool {
			return slices.ContainsFunc(a.todo.reloads, c.Equal)
		})
	}
	errs := slices.Collect(maps.Values(a.todo.runCommands(ctx, a.Children, a.g.CommandEnv, &a.report)))
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
