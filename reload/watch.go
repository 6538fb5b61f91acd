package reload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"concierge/reload/job"
	"concierge/reload/journal"
	"concierge/reload/probe"
)

// watched returns the sets that are watched after their actions: they have
// changed, and there is a version to go back to.
func (a *application) watched() []*staging {
	var all []*staging
	for _, w := range a.work {
		again := w.set.Watch.Always && !w.differs()
		known := a.started || w.set.Watch.Known || w.set.Watch.Always
		if w.result.Err == nil && w.set.Watch.Window > 0 && (again || w.result.Changed > 0 && known) {
			all = append(all, w)
		}
	}
	return all
}

// hold leaves it to the watch what follows when the process ends or becomes
// unhealthy, if there is going to be one.
func (a *application) hold(sets []*staging) (release func()) {
	checked := a.want != nil && len(a.want.checks()) > 0 || a.g.Process != nil && len(a.g.Process.checks()) > 0
	for _, w := range sets {
		checked = checked || len(w.set.Watch.Checks) > 0
	}
	if !checked || len(sets) == 0 && a.g.Process == nil {
		return func() {}
	}
	a.main.Hold()
	return a.main.Release
}

// watch watches the sets, and the process if that was restarted for its own
// sake, and undoes all of it if a health check fails. It reports whether all is
// well.
func (a *application) watch(ctx context.Context, sets []*staging) (healthy bool) {
	sets, replaced := a.told(sets), a.replaced()
	window, checks := a.window(sets, replaced)
	told := func(w *staging) bool { return w.result.Err == nil && w.result.ActionErr == nil && w.concerned() }
	fine := func(w *staging) bool { return told(w) && !w.set.Back }
	a.Journal.NoteUndone(false, a.names(func(w *staging) bool { return told(w) && w.set.Back })...)
	a.note(journal.Acted, fine)
	var err error
	if len(checks) > 0 {
		err = a.observe(ctx, window, checks)
	}
	if _, bad := errors.AsType[*probe.Unhealthy](err); bad {
		a.undo(ctx, sets, replaced, err)
	}
	if err == nil {
		a.note(journal.Healthy, fine)
	}
	a.tellAll()
	return err == nil && a.well()
}

// told returns those of the sets whose actions were done; what nobody was told
// of cannot be the cause of anything.
func (a *application) told(sets []*staging) []*staging {
	var all []*staging
	for _, w := range sets {
		if w.result.Err == nil && w.result.ActionErr == nil {
			all = append(all, w)
		}
	}
	return all
}

// replaced reports whether the process was restarted as another one.
func (a *application) replaced() bool {
	return a.before != nil && a.want != a.before && !sameProcess(a.before, a.want) && a.report.ProcessErr == nil
}

// window returns how long to watch, and by which checks.
func (a *application) window(sets []*staging, replaced bool) (time.Duration, []job.Check) {
	var window time.Duration
	var checks []job.Check
	touched := replaced || a.report.restarted
	for i, w := range a.work {
		for _, s := range sets {
			if s == w {
				window = max(window, w.set.Watch.Window)
				checks = append(checks, w.set.Watch.Checks...)
				touched = touched || len(a.asked[i]) > 0 || w.set.Watch.Always
			}
		}
	}
	if replaced {
		window = max(window, a.g.Window)
	}
	if touched && a.started && window > 0 {
		checks = append(checks, a.want.checks()...)
	}
	return window, checks
}

// checks are the health checks of the process.
func (p *Process) checks() []job.Check {
	var all []job.Check
	for _, c := range []*job.Check{p.Plan.Health, p.Plan.Readiness} {
		if c != nil {
			all = append(all, *c)
		}
	}
	return all
}

// observe asks all checks for as long as the window. The first one that fails
// ends it.
func (a *application) observe(ctx context.Context, window time.Duration, checks []job.Check) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := a.main.Gone()
	if gone == nil && a.started {
		ended := make(chan struct{})
		close(ended)
		gone = ended
	}
	errs := make([]error, len(checks))
	var group sync.WaitGroup
	for i, c := range checks {
		group.Go(func() {
			errs[i] = probe.Watch(ctx, c.Probe, c.Thresholds, window, a.report.restarted, gone)
			if _, bad := errors.AsType[*probe.Unhealthy](errs[i]); bad {
				cancel()
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		if _, bad := errors.AsType[*probe.Unhealthy](err); bad {
			return a.regular(err)
		}
	}
	return errors.Join(errs...)
}

// regular lets a process end that was to: one that has done its work is not
// unhealthy.
func (a *application) regular(err error) error {
	if status, ended := a.main.Ended(); ended && a.want.Plan.Restart.Regular(status) {
		return nil
	}
	return err
}

// undo brings the versions before back, and tells everybody again.
func (a *application) undo(ctx context.Context, sets []*staging, replaced bool, cause error) {
	alone := len(sets) == 1 && !replaced
	concerned := a.names(func(w *staging) bool { return slices.Contains(sets, w) })
	a.Journal.NoteUndoing(alone, concerned...)
	for i := len(sets) - 1; i >= 0; i-- {
		w := sets[i]
		if err := w.undo(); err != nil {
			w.result.Err = fmt.Errorf("%w; and the version before could not be brought back: %w", cause, err)
			continue
		}
		w.result.Err, w.result.Undone, w.result.Alone = cause, true, alone
		a.recant(w)
	}
	if replaced {
		a.want = a.before
		a.report.ProcessErr, a.report.ProcessUndone, a.report.Taken = cause, true, false
	}
	a.report.did("roll-back")
	err := a.actAgain(ctx, replaced)
	if err != nil {
		a.Log.Error("action after a roll-back failed, it will be tried again", "sets", concerned, "error", err)
		for _, w := range sets {
			w.result.Untold = w.result.Undone
		}
	} else {
		a.Journal.NoteUndone(false, a.names(func(w *staging) bool { return w.result.Undone })...)
	}
	a.look(ctx, sets)
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
// process that has ended is started, and one that was started with the bad
// version is started anew, since no signal stood in for that.
func (a *application) actAgain(ctx context.Context, replaced bool) error {
	failed := a.todo.runCommands(ctx, a.Children, a.g.CommandEnv, &a.report)
	for _, err := range failed {
		return err
	}
	for _, err := range a.todo.tellJobs(a.Jobs, &a.report) {
		return err
	}
	switch {
	case ctx.Err() != nil || !a.started:
		return ctx.Err()
	case replaced || a.todo.restart || a.report.restarted || !a.main.Running():
		a.report.restarted = true
		a.report.did("restart")
		return a.main.Restart(ctx, a.want.Plan)
	}
	return a.sendAll(a.todo.signals, &a.report)
}

// tellAll records what became of the sets.
func (a *application) tellAll() {
	for _, w := range a.work {
		switch r := w.result; {
		case r.Undone:
			a.tell(w, "rolled back")
		case r.Rejected:
			a.tell(w, "refused")
		case r.Err != nil:
			a.tell(w, "failed")
		case r.ActionErr != nil:
			a.tell(w, "action failed")
		case r.Changed > 0:
			a.tell(w, "applied")
		}
	}
}

// well reports whether everything was put in place and told.
func (a *application) well() bool {
	for _, w := range a.work {
		if w.result.Err != nil || w.result.ActionErr != nil {
			return false
		}
	}
	return a.report.ProcessErr == nil && a.report.StartErr == nil
}
