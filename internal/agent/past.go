package agent

import (
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"time"

	"concierge/internal/exit"
	"concierge/reload"
	"concierge/reload/journal"
)

// past is what a set remembers of its versions.
type past struct {
	bad     []digest // were undone, and are not tried again
	suspect digest   // was undone together with others; zero: none
	// unproven says that concierge was interrupted before the version that is
	// in place was found healthy; before is what to go back to.
	unproven bool
	before   []journal.File
	recalled bool // what the journal knows was looked at
}

// badMax is how many bad versions of a set are remembered.
const badMax = 8

func (p *past) isBad(d digest) bool { return slices.Contains(p.bad, d) }

// forgive forgets that a version was undone.
func (p *past) forgive(d digest) {
	p.bad = slices.DeleteFunc(slices.Clone(p.bad), func(b digest) bool { return b == d })
}

// settled notes the outcome of an attempt.
func (p *past) settled(tried digest, r reload.Result) {
	if r.Err == nil && r.ActionErr == nil {
		p.unproven, p.before, p.suspect = false, nil, digest{}
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
	for _, s := range prog.sets {
		if r, known := i.journal.Record(s.name); known && r.Phase == journal.Committing {
			i.makeWhole(s, r)
		}
	}
	return nil
}

// makeWhole brings back what was in place before a set that is half in place.
func (i *instance) makeWhole(s *set, r journal.Record) {
	if len(r.Before) == 0 {
		return // nothing was kept: it is rendered anew
	}
	var errs []error
	for _, f := range r.Before {
		staged, err := s.kept(i.journal, f).Stage()
		if err == nil {
			err = errors.Join(staged.Commit(), staged.Flush(), staged.Discard())
		}
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		i.log.Error("a set that was half in place could not be brought back, it will be rendered anew", "set", s.name, "error", err)
		return
	}
	i.journal.NoteUndone(false, s.name)
	i.log.Warn("concierge was interrupted while it put a set in place; the version before is back", "set", s.name)
}

// recall takes over what the journal knows of a set, when its first version is
// known.
func (i *instance) recall(s *set) {
	if s.past.recalled || s.ready == (digest{}) {
		return
	}
	s.past.recalled = true
	r, known := i.journal.Record(s.name)
	if !known {
		return
	}
	for _, text := range r.Bad {
		var d digest
		if b, err := hex.DecodeString(text); err == nil && len(b) == len(d) {
			copy(d[:], b)
			s.past.bad = append(s.past.bad, d)
		}
	}
	switch bad := s.past.isBad(s.ready); {
	case bad && s.onDisk():
		i.log.Warn("this version was rolled back before, the one before it stays until it changes", "set", s.name)
		return
	case bad: // the state directory has outlived the files
		i.log.Warn("this version was rolled back before, but there is no other one on the disk", "set", s.name)
		s.past.forgive(s.ready)
	}
	if r.Digest != s.ready.String() || r.Phase != journal.Committed && r.Phase != journal.Acted {
		return
	}
	s.owed = r.Phase == journal.Committed
	s.past.unproven, s.past.before = true, r.Before
}

// watchOf says how a set is watched after a change. Without a process there is
// no start before which nothing is watched, but there may be nothing to go back
// to yet.
func (i *instance) watchOf(s *set) reload.Watch {
	w := reload.Watch{Window: i.window(s.name), Checks: s.health}
	something := slices.ContainsFunc(s.past.before, func(f journal.File) bool { return !f.Absent })
	switch {
	case s.past.unproven && something:
		w.Always = true
		for _, f := range s.past.before {
			w.Before = append(w.Before, s.kept(i.journal, f))
		}
	case i.prog.process == nil && s.applied == (digest{}) && !s.onDisk():
		w.Window = 0
	}
	return w
}

// onDisk reports whether something is where each file of the set belongs.
func (s *set) onDisk() bool {
	return !slices.ContainsFunc(s.units, func(u *unit) bool {
		_, err := os.Stat(u.target.Path)
		return err != nil
	})
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
