package agent

import (
	"time"

	"concierge/reload"
)

// unfinished reports whether something is left to do about the version that is
// in place, and may be tried now: concierge was interrupted before everybody
// was told of it or it was found healthy. A newer version makes that needless,
// so this is only for when that is refused, known to be bad, or does not come.
func (s *set) unfinished(now time.Time) bool {
	return (s.ready != (digest{}) || s.stuck()) && (s.past.unproven || s.past.untold) && !now.Before(s.past.retryAt)
}

// finish describes to the supervisor what is left to do: all actions of the
// set, and a look at its health, but no change.
func (i *instance) finish(s *set) reload.Set {
	set := reload.Set{Name: s.name, Owed: s.past.untold || s.past.untaken, Back: s.past.untold}
	if !s.past.untold {
		set.Digest, set.Watch = s.past.version.String(), i.watchOf(s)
	}
	out := reload.Output{File: inPlace(s.targets()[0])}
	for _, u := range s.units {
		out.OnChange = append(out.OnChange, u.onChange...)
	}
	set.Outputs = []reload.Output{out}
	return set
}

// finished notes the outcome of that.
func (s *set) finished(r reload.Result) {
	p := &s.past
	switch {
	case r.Undone:
		if r.Alone {
			p.condemn(p.version)
		}
		p.unproven, p.before, p.untold = false, nil, r.Untold
	case r.Err == nil && r.ActionErr == nil:
		if !p.untold {
			p.unproven, p.before, p.untaken = false, nil, false
		}
		p.untold, p.retryAt = false, time.Time{}
		p.backoff.Reset()
		return
	}
	p.retryAt = time.Now().Add(p.backoff.Next())
}

// inPlace is an output that stays as it is.
type inPlace string

// Stage implements reload.File.
func (p inPlace) Stage() (reload.Staged, error) { return p, nil }

// Path implements reload.Staged.
func (p inPlace) Path() string { return string(p) }

// Changed, Commit, Flush, Rollback and Discard have nothing to say or do.
func (inPlace) Changed() bool   { return false }
func (inPlace) Commit() error   { return nil }
func (inPlace) Flush() error    { return nil }
func (inPlace) Rollback() error { return nil }
func (inPlace) Discard() error  { return nil }
