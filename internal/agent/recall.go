package agent

import (
	"errors"
	"os"
	"path/filepath"
	"slices"

	"concierge/internal/exit"
	"concierge/reload/journal"
)

// openJournal opens the state directory and makes whole what a crash has left
// half in place.
func (i *instance) openJournal(prog *program) error {
	dir := prog.cfg.StateDir
	if dir == "" || i.o.once || i.o.dry {
		return nil
	}
	var err error
	if i.journal, err = journal.Open(dir, i.log); err != nil {
		return exit.With(exit.Failed, err)
	}
	var names []string
	for _, s := range prog.sets {
		names = append(names, s.name)
	}
	i.journal.Keep(names)
	for _, s := range prog.sets {
		r, known := i.journal.Record(s.name)
		s.past.standing = known && s.stands(r)
		if !known || !r.Phase.Halfway() || len(r.Before) == 0 { // nothing was kept: it is rendered anew
			continue
		}
		if err := i.putBack(s, r.Before); err != nil {
			i.log.Error("a set that was half in place could not be brought back, it will be rendered anew", "set", s.name, "error", err)
			continue
		}
		// The journal says so only once everybody was told: concierge may be
		// interrupted again before that.
		s.past.untold = true
		i.log.Warn("concierge was interrupted while it put a set in place; the version before is back", "set", s.name)
	}
	return nil
}

// putBack puts files of a set back as they were.
func (i *instance) putBack(s *set, files []journal.File) error {
	var errs []error
	for _, f := range files {
		staged, err := s.kept(i.journal, f).Stage()
		if err == nil {
			err = errors.Join(staged.Commit(), staged.Flush(), staged.Discard())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// recall takes over what the journal knows of a set, when its first version is
// known, or known not to come.
func (i *instance) recall(s *set) {
	if s.past.recalled || s.ready == (digest{}) && !s.stuck() {
		return
	}
	s.past.recalled = true
	r, known := i.journal.Record(s.name)
	if !known {
		return
	}
	switch {
	case s.past.untold && r.BeforeDigest == s.ready.String():
		s.applied = s.ready // it was just put back
	case r.Phase.Unproven():
		s.past.unproven, s.past.before = true, r.Before
		s.past.version, s.past.untaken = parseDigest(r.Digest), r.Phase == journal.Committed
		s.owed = s.past.untaken && s.past.version == s.ready
	}
	for _, text := range r.Bad {
		s.past.bad = append(s.past.bad, parseDigest(text))
	}
	switch {
	case !s.past.isBad(s.ready):
	case s.past.standing:
		s.lastErr = i.redactor.Redact(r.Why)
		i.log.Warn("this version was rolled back before, the one before it stays until it changes", "set", s.name, "error", s.lastErr)
	default:
		i.log.Warn("this version was rolled back before, but there is no other one in place; it is tried again", "set", s.name)
		s.past.bad = nil
	}
}

// stands reports whether the files of the version that the journal says is in
// place are there. They may be on another disk than the journal, which did not
// outlast the end of the container.
func (s *set) stands(r journal.Record) bool {
	switch digest := r.Digest; {
	case r.Phase == journal.Undone && digest == "":
		return true // nothing was there before the first version
	case r.Phase.Halfway() && r.BeforeDigest == "", digest == "":
		return false
	}
	return !slices.ContainsFunc(s.targets(), func(path string) bool {
		_, err := os.Lstat(path)
		return err != nil
	})
}

// targets are the paths of what the set puts in place.
func (s *set) targets() []string {
	if s.dir != "" {
		return []string{filepath.Join(s.dir, treeLink)}
	}
	var paths []string
	for _, u := range s.units {
		paths = append(paths, u.target.Path)
	}
	return paths
}
