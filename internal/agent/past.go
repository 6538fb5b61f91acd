package agent

import (
	"encoding/hex"
	"os"
	"slices"
	"time"

	"concierge/reload"
	"concierge/reload/journal"
	"concierge/sources"
)

// past is what a set remembers of its versions.
type past struct {
	bad     []digest // were undone, and are not tried again
	suspect digest   // was undone together with others; zero: none

	// What concierge found when it was started:
	recalled bool // what the journal knows was looked at
	// standing says that a whole version was in place, so that the process can
	// be started although a newer one is refused.
	standing bool
	// unproven says that concierge was interrupted before the version in place
	// was found healthy; before is what to go back to.
	unproven bool
	before   []journal.File
	version  digest // the unproven one
	untaken  bool   // its actions were not done

	// untold says that the version before is back, and that not everybody was
	// told; also when an action after a roll-back failed.
	untold  bool
	retryAt time.Time // when to try again to finish that
	backoff sources.Backoff
}

// badMax is how many bad versions of a set are remembered.
const badMax = 8

func (p *past) isBad(d digest) bool { return slices.Contains(p.bad, d) }

// settled notes the outcome of an attempt.
func (p *past) settled(tried digest, r reload.Result) {
	if r.Err == nil && r.ActionErr == nil {
		p.unproven, p.before, p.suspect = false, nil, digest{}
	}
	p.untold = p.untold && r.Err != nil
	switch {
	case !r.Undone:
	case r.Alone:
		p.condemn(tried)
		p.untold = r.Untold
	default:
		p.suspect, p.untold = tried, r.Untold
	}
}

// condemn remembers a version that was undone for its own sake.
func (p *past) condemn(d digest) {
	p.bad = append(p.bad, d)
	p.bad = p.bad[max(0, len(p.bad)-badMax):]
	p.unproven, p.before, p.suspect = false, nil, digest{}
}

// String is the digest in the journal.
func (d digest) String() string { return hex.EncodeToString(d[:]) }

// parseDigest reads what String prints; anything else is no version at all.
func parseDigest(text string) (d digest) {
	if b, err := hex.DecodeString(text); err == nil && len(b) == len(d) {
		copy(d[:], b)
	}
	return d
}

// watchOf says how a set is watched after a change. Without a process there is
// no start before which nothing is watched, but there may be nothing to go back
// to yet.
func (i *instance) watchOf(s *set) reload.Watch {
	w := reload.Watch{Window: i.window(s.name), Checks: s.health}
	w.Known = s.past.standing || i.live && s.applied != (digest{})
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
