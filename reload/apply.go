package reload

import (
	"context"
	"errors"
	"sync"
	"time"
)

// staging is a set on its way through stage, check and commit.
type staging struct {
	set     Set
	staged  []Staged
	changed []bool // by output, as it was staged
	result  Result
}

// Apply stages, checks and commits the sets of g, then acts once. A set that
// fails does not hold back the others. It blocks until the last command has
// ended; when ctx ends, running commands are killed. One call at a time.
func (s *Supervisor) Apply(ctx context.Context, g Generation) Report {
	began := time.Now()
	work := make([]*staging, len(g.Sets))
	for i, set := range g.Sets {
		work[i] = &staging{set: set, result: Result{Name: set.Name}}
	}
	stageAll(work)
	for _, step := range []func(*staging) error{
		func(w *staging) error { return w.check(ctx, s.children, g) }, (*staging).commit, (*staging).flush,
	} {
		for _, w := range work {
			if w.result.Err == nil {
				w.result.Err = step(w)
			}
		}
	}
	for _, w := range work {
		w.discard()
	}
	report := Report{}
	s.act(ctx, g, work, &report)
	for _, w := range work {
		report.Results = append(report.Results, w.result)
	}
	report.Elapsed = time.Since(began)
	return report
}

// stagers is how many sets are staged at a time. Each file is synced, which
// takes the disk about as long for several as for one.
const stagers = 8

// stageAll stages all sets.
func stageAll(work []*staging) {
	if len(work) == 1 {
		work[0].result.Err = work[0].stage()
		return
	}
	var group sync.WaitGroup
	next := make(chan *staging)
	for range min(stagers, len(work)) {
		group.Go(func() {
			for w := range next {
				w.result.Err = w.stage()
			}
		})
	}
	for _, w := range work {
		next <- w
	}
	close(next)
	group.Wait()
}

// stage stages all files of the set.
func (w *staging) stage() error {
	for _, out := range w.set.Outputs {
		staged, err := out.File.Stage()
		if err != nil {
			return err
		}
		w.staged = append(w.staged, staged)
		w.changed = append(w.changed, staged.Changed())
	}
	return nil
}

// commit puts all files of the set in place, or none.
func (w *staging) commit() error {
	for i, staged := range w.staged {
		if !w.changed[i] {
			continue
		}
		if err := staged.Commit(); err != nil {
			return errors.Join(err, w.rollback(i))
		}
		w.result.Changed++
	}
	return nil
}

// flush makes the commit last.
func (w *staging) flush() error {
	for i, staged := range w.staged {
		if !w.changed[i] {
			continue
		}
		if err := staged.Flush(); err != nil {
			return errors.Join(err, w.rollback(len(w.staged)))
		}
	}
	return nil
}

// rollback undoes the first n commits, last one first.
func (w *staging) rollback(n int) error {
	var errs []error
	for i := n - 1; i >= 0; i-- {
		if w.changed[i] {
			errs = append(errs, w.staged[i].Rollback())
		}
	}
	w.result.Changed = 0
	return errors.Join(errs...)
}

func (w *staging) discard() {
	for _, staged := range w.staged {
		_ = staged.Discard() // leftovers are removed at the next staging
	}
}

// actions lists what the set asks for after its commit.
func (w *staging) actions() []Action {
	if w.result.Err != nil {
		return nil
	}
	var actions []Action
	for i, out := range w.set.Outputs {
		if !w.set.Owed && !w.changed[i] {
			continue
		}
		for _, a := range out.OnChange {
			if a.Kind != NoAction {
				a.Command.silent, a.Command.loud = w.set.Secret, true
				actions = append(actions, a)
			}
		}
	}
	return actions
}
