package agent

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"concierge/internal/exit"
	"concierge/reload"
	"concierge/reload/journal"
	"concierge/render/output"
)

// past is what a set remembers of its versions.
type past struct {
	bad     []digest // were undone, and are not tried again
	suspect digest   // was undone together with others; zero: none
	// unproven says that concierge was interrupted before the version that is
	// in place was found healthy; before is what to go back to.
	unproven bool
	before   []journal.File
	// proven says that a version is in place since an earlier start that was
	// found good, whatever the newest one is; refused was refused by a check.
	proven  bool
	refused digest
	record  *journal.Record // of an earlier start; nil: none, or it was looked at
}

// badMax is how many bad versions of a set are remembered.
const badMax = 8

func (p *past) isBad(d digest) bool { return slices.Contains(p.bad, d) }

// settled notes the outcome of an attempt.
func (p *past) settled(tried digest, r reload.Result) {
	if r.Err == nil && r.ActionErr == nil {
		p.unproven, p.before = false, nil
	}
	if r.Rejected {
		p.refused = tried
	}
	switch {
	case !r.Undone:
	case r.Alone:
		p.bad = append(p.bad, tried)
		p.bad = p.bad[max(0, len(p.bad)-badMax):]
		p.unproven, p.before, p.suspect = false, nil, digest{}
	default:
		p.suspect = tried
	}
}

// String is the digest in the journal.
func (d digest) String() string { return hex.EncodeToString(d[:]) }

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
		i.mend(s)
		s.remember(i.journal)
	}
	return nil
}

// mend brings back the version before of a set that was half in place.
func (i *instance) mend(s *set) {
	r, known := i.journal.Record(s.name)
	if !known || r.Phase != journal.Committing {
		return
	}
	if err := i.putBack(r.Before); err != nil {
		i.log.Error("a set that was half in place could not be brought back, it will be rendered anew", "set", s.name, "error", err)
		return
	}
	i.journal.NoteUndone(false, s.name)
	i.log.Warn("concierge was interrupted while it put a set in place; the version before is back", "set", s.name)
}

// remember takes over what the journal knows of a set.
func (s *set) remember(j *journal.Journal) {
	r, known := j.Record(s.name)
	if !known {
		return
	}
	s.past.record = &r
	s.past.proven = r.Digest != "" && (r.Phase == journal.Healthy || r.Phase == journal.Undone) && s.exists()
	for _, text := range r.Bad {
		var d digest
		if b, err := hex.DecodeString(text); err == nil && len(b) == len(d) {
			copy(d[:], b)
			s.past.bad = append(s.past.bad, d)
		}
	}
}

// exists reports whether all files of the set are there.
func (s *set) exists() bool {
	return !slices.ContainsFunc(s.units, func(u *unit) bool {
		_, err := os.Stat(u.target.Path)
		return err != nil
	})
}

// putBack puts files back as they were.
func (i *instance) putBack(files []journal.File) error {
	var errs []error
	for _, f := range files {
		staged, err := kept{i.journal, f}.Stage()
		if err == nil {
			err = errors.Join(staged.Commit(), staged.Flush(), staged.Discard())
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// recall compares the first version of a set with what the journal knows.
func (i *instance) recall(s *set) {
	r := s.past.record
	if r == nil || s.ready == (digest{}) {
		return
	}
	s.past.record = nil
	if s.past.isBad(s.ready) {
		i.log.Warn("this version was rolled back before, the one before it stays until it changes", "set", s.name)
		return
	}
	if r.Digest != s.ready.String() || r.Phase != journal.Committed && r.Phase != journal.Acted {
		return
	}
	s.owed = r.Phase == journal.Committed
	s.past.unproven, s.past.before = true, r.Before
}

// stands reports whether the version in place is good enough to start with,
// although the newest one is not to be had: it was refused, or a template or a
// guard does not let it come to be.
func (s *set) stands() bool {
	if !s.past.proven {
		return false
	}
	if s.ready != (digest{}) {
		return s.past.refused == s.ready
	}
	return slices.ContainsFunc(s.units, func(u *unit) bool { return u.err != nil })
}

// watchOf says how a set is watched after a change.
func (i *instance) watchOf(s *set) reload.Watch {
	w := reload.Watch{Window: i.window(s.name), Checks: s.health}
	something := slices.ContainsFunc(s.past.before, func(f journal.File) bool { return !f.Absent })
	if s.past.unproven && something {
		w.Always = true
		for _, f := range s.past.before {
			w.Before = append(w.Before, kept{i.journal, f})
		}
	}
	return w
}

// window is how long a change of a set is watched; of no set, that of the
// process.
func (i *instance) window(set string) time.Duration {
	cfg := i.prog.cfg
	if cfg.Rollback.Off {
		return 0
	}
	if own := cfg.Sets[set]; own != nil {
		return own.Window
	}
	return cfg.Rollback.Window
}

// kept is a file of the journal on its way back.
type kept struct {
	journal *journal.Journal
	file    journal.File
}

// Stage implements reload.File.
func (k kept) Stage() (reload.Staged, error) {
	f := k.file
	switch {
	case f.Absent:
		return removal{f.Path}, nil
	case filepath.Base(f.Path) == "..data":
		return restoredTree{relink{f.Path, f.Link}}, nil
	case f.Link != "":
		return relink{f.Path, f.Link}, nil
	}
	content, err := k.journal.Content(f)
	if err != nil {
		return nil, err
	}
	return output.Stage(output.Target{
		Path: f.Path, Mode: f.Mode, User: strconv.Itoa(f.UID), Group: strconv.Itoa(f.GID), CreateDirs: true, Write: output.Rename,
	}, content)
}

// removal takes away a file that was not there before.
type removal struct{ path string }

// Path, Changed, Flush, Rollback and Discard have nothing to say or do.
func (r removal) Path() string  { return r.path }
func (removal) Changed() bool   { return true }
func (removal) Flush() error    { return nil }
func (removal) Rollback() error { return nil }
func (removal) Discard() error  { return nil }

// Commit implements reload.Staged.
func (r removal) Commit() error {
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// relink points a symbolic link where it pointed before.
type relink struct{ path, to string }

// Path, Changed, Flush, Rollback and Discard have nothing to say or do.
func (r relink) Path() string  { return r.path }
func (relink) Changed() bool   { return true }
func (relink) Flush() error    { return nil }
func (relink) Rollback() error { return nil }
func (relink) Discard() error  { return nil }

// Commit implements reload.Staged.
func (r relink) Commit() error {
	next := filepath.Join(filepath.Dir(r.path), "."+filepath.Base(r.path)+".concierge-link")
	_ = os.Remove(next) // of a process that was killed
	if err := os.Symlink(r.to, next); err != nil {
		return err
	}
	return os.Rename(next, r.path)
}
