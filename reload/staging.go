package reload

import (
	"errors"
	"slices"
	"sync"
)

// staging is a set on its way through stage, check and commit.
type staging struct {
	set     Set
	staged  []Staged
	changed []bool // by output, as it was staged
	result  Result
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

// differs reports whether anything is to be put in place.
func (w *staging) differs() bool { return w.result.Err == nil && slices.Contains(w.changed, true) }

// concerned reports whether anything was to be done for the set.
func (w *staging) concerned() bool { return w.result.Changed > 0 || w.set.Owed || w.set.Watch.Always }

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

// undo brings back what was in place before the set was applied. At an error
// the new version stays, as far as that can be with all of its files.
func (w *staging) undo() error {
	changed := w.result.Changed
	err := w.rollback(len(w.staged))
	if err == nil && w.set.Watch.Always {
		err = w.putBack(w.set.Watch.Before)
	}
	if err != nil {
		w.result.Changed = changed
		return errors.Join(err, w.redo())
	}
	return nil
}

// putBack puts files in place that were kept. All of them are staged before
// the first one is.
func (w *staging) putBack(files []File) error {
	first := len(w.staged)
	for _, file := range files {
		staged, err := file.Stage()
		if err != nil {
			return err
		}
		w.staged, w.changed = append(w.staged, staged), append(w.changed, false)
	}
	for _, staged := range w.staged[first:] {
		if err := errors.Join(staged.Commit(), staged.Flush()); err != nil {
			return err
		}
	}
	return nil
}

// redo puts the new version in place once more, where it is not any more.
func (w *staging) redo() error {
	var errs []error
	for _, out := range w.set.Outputs {
		staged, err := out.File.Stage()
		if err == nil && staged.Changed() {
			err = errors.Join(staged.Commit(), staged.Flush())
		}
		if err == nil {
			err = staged.Discard()
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (w *staging) discard() {
	for _, staged := range w.staged {
		_ = staged.Discard() // leftovers are removed at the next staging
	}
}

// paths are what the journal has to keep before the set is put in place.
func (w *staging) paths() []string {
	var paths []string
	for i, out := range w.set.Outputs {
		if w.changed[i] && out.Path != "" {
			paths = append(paths, out.Path)
		}
	}
	return paths
}

// actions lists what the set asks for after its commit.
func (w *staging) actions() []Action {
	if w.result.Err != nil {
		return nil
	}
	return w.actionsOf(func(i int) bool { return w.set.Owed || w.changed[i] })
}

// actionsOf lists what some outputs ask for.
func (w *staging) actionsOf(which func(i int) bool) []Action {
	var actions []Action
	for i, out := range w.set.Outputs {
		if !which(i) {
			continue
		}
		for _, a := range out.OnChange {
			if a.Kind != NoAction {
				a.Command.Silent, a.Command.Loud = w.set.Secret, true
				actions = append(actions, a)
			}
		}
	}
	return actions
}
