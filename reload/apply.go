package reload

import (
	"context"
	"fmt"
	"time"

	"concierge/reload/board"
	"concierge/reload/journal"
)

// application is one generation on its way.
type application struct {
	*Supervisor
	g      Generation
	work   []*staging
	todo   todo
	asked  [][]Action // by set: what it asks for
	before *Process   // the process as it was wanted until now
	alive  bool       // the process ran when the actions began, or was started by them
	report Report
}

// Apply stages, checks and commits the sets of g, acts once, and watches what
// the health checks say: a change that makes them fail is undone. A set that
// fails does not hold back the others. It blocks until the last command has
// ended and the window has passed; when ctx ends, running commands are killed
// and nothing is watched any more. One call at a time.
func (s *Supervisor) Apply(ctx context.Context, g Generation) Report {
	began := time.Now()
	a := &application{Supervisor: s, g: g, before: s.want}
	for _, set := range g.Sets {
		a.work = append(a.work, &staging{set: set, result: Result{Name: set.Name}})
	}
	stageAll(a.work)
	a.each(func(w *staging) error { return w.check(ctx, s.runner(), g) })
	if leave, ok := a.enter(ctx); ok {
		a.commit()
		a.report.Written = time.Now()
		watched := a.watched()
		a.discard(watched)
		release := a.hold(watched)
		a.act(ctx)
		a.report.Told = time.Now()
		leave(a.watch(ctx, watched))
		release()
	}
	for _, w := range a.work {
		w.discard()
		a.report.Results = append(a.report.Results, w.result)
	}
	a.report.Elapsed = time.Since(began)
	return a.report
}

// each does one step for every set that has not failed.
func (a *application) each(step func(*staging) error) {
	for _, w := range a.work {
		if w.result.Err == nil {
			w.result.Err = step(w)
		}
	}
}

// enter asks the gate about the sets that differ.
func (a *application) enter(ctx context.Context) (leave func(bool), ok bool) {
	var differ []string
	for _, w := range a.work {
		if w.differs() {
			differ = append(differ, w.set.Name)
		}
	}
	if len(differ) == 0 {
		return func(bool) {}, true
	}
	leave, err := a.Gate.Enter(ctx, differ)
	if err != nil {
		a.each(func(*staging) error { return fmt.Errorf("waiting for the turn to change: %w", err) })
		return nil, false
	}
	return leave, true
}

// commit puts all sets in place that have come so far.
func (a *application) commit() {
	var changes []journal.Change
	begun := make(map[string]bool)
	for _, w := range a.work {
		if w.differs() {
			changes = append(changes, journal.Change{Set: w.set.Name, Digest: w.set.Digest, Paths: w.paths()})
			begun[w.set.Name] = true
		}
	}
	a.Journal.Begin(changes)
	a.each((*staging).commit)
	a.each((*staging).flush)
	a.note(journal.Committed, func(w *staging) bool { return w.result.Err == nil && begun[w.set.Name] })
	var failed []string
	for _, w := range a.work {
		if w.result.Err != nil && begun[w.set.Name] {
			failed = append(failed, w.set.Name)
		}
	}
	a.Journal.NoteUndone(false, failed...)
}

// note notes a phase of those sets.
func (a *application) note(p journal.Phase, which func(*staging) bool) {
	a.Journal.Note(p, a.names(which)...)
}

// names are those of some sets.
func (a *application) names(which func(*staging) bool) []string {
	var sets []string
	for _, w := range a.work {
		if which(w) {
			sets = append(sets, w.set.Name)
		}
	}
	return sets
}

// discard lets go of what cannot be undone any more.
func (a *application) discard(watched []*staging) {
	keep := make(map[*staging]bool, len(watched))
	for _, w := range watched {
		keep[w] = true
	}
	for _, w := range a.work {
		if !keep[w] {
			w.discard()
		}
	}
}

// tell records what became of a set.
func (a *application) tell(w *staging, what string) {
	detail := ""
	if w.result.Err != nil {
		detail = w.result.Err.Error()
	} else if w.result.ActionErr != nil {
		detail = w.result.ActionErr.Error()
	}
	a.Board.Record(board.Set, w.set.Name, what, detail)
}
