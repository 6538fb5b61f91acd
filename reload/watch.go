package reload

import (
	"context"
	"errors"
	"sync"
	"time"

	"concierge/reload/board"
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
		known := a.started || a.g.NoProcess || w.set.Watch.Known || w.set.Watch.Always
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
	_, bad := errors.AsType[*probe.Unhealthy](err)
	if bad {
		a.undo(ctx, sets, replaced, err)
	}
	if err == nil && len(checks) > 0 {
		a.report.Healthy = time.Now()
	}
	if err == nil || bad { // bad: what was not undone had nothing to do with it
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
	if touched && a.alive && window > 0 {
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
	gone := a.gone()
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

// gone is closed when the process has ended that was told of the change; nil
// if there was none.
func (a *application) gone() <-chan struct{} {
	if !a.alive {
		return nil
	}
	if gone := a.main.Gone(); gone != nil {
		return gone
	}
	ended := make(chan struct{})
	close(ended)
	return ended
}

// regular lets a process end that was to: one that has done its work is not
// unhealthy.
func (a *application) regular(err error) error {
	if status, ended := a.main.Ended(); ended && a.want.Plan.Restart.Regular(status) {
		return nil
	}
	return err
}

// tellAll records what became of the sets.
func (a *application) tellAll() {
	if a.report.ProcessUndone {
		a.Board.Record(board.Job, job.ProcessName, "rolled back", a.report.ProcessErr.Error())
	}
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
