package agent

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"concierge/internal/exit"
	"concierge/sources"
)

// verdict returns an error when the instance must not go on.
func (i *instance) verdict(now time.Time) error {
	if i.fatal != nil {
		return i.fatal
	}
	if i.o.once && !i.settled {
		if err := i.hopeless(); err != nil {
			return err
		}
	}
	if err := i.absent(); err != nil {
		return err
	}
	return i.exhausted(now)
}

// absent returns an error when a needed key does not exist and the
// configuration says that this is not to be waited for.
func (i *instance) absent() error {
	if !i.prog.cfg.FailOnMissing {
		return nil
	}
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			for n, m := range u.missing {
				if m.Absent {
					return exit.With(exit.Missing, fmt.Errorf("%s (see fail_on_missing)", i.describe(u, 0)[n]))
				}
			}
		}
	}
	return nil
}

// exhausted returns an error when a source failed for as long as its retry
// settings allow.
func (i *instance) exhausted(now time.Time) error {
	for f := range i.failures() {
		if at := f.end(i.prog.patience); !at.IsZero() && !now.Before(at) {
			return exit.With(f.code, fmt.Errorf("gave up after %s: %w (see the retry settings of %s)",
				now.Sub(f.since).Round(time.Millisecond), f.why(), f.source))
		}
	}
	return nil
}

// exhaustedAt returns when the next source will have used up its retries.
func (i *instance) exhaustedAt() time.Time {
	var first time.Time
	for f := range i.failures() {
		if at := f.end(i.prog.patience); !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// failure is something that is tried again.
type failure struct {
	source string
	since  time.Time
	code   int
	why    func() error
}

// end returns when the retries of the source are used up; zero is never.
func (f failure) end(patience map[string]time.Duration) time.Time {
	if d := patience[f.source]; d > 0 {
		return f.since.Add(d)
	}
	return time.Time{}
}

// failures goes through the sources that are away, the refusals of what is
// used, and the secrets that do not exist: in consul-template absence of a
// secret is a failure, too.
func (i *instance) failures() iter.Seq[failure] {
	return func(yield func(failure) bool) {
		for name, o := range i.outages.away {
			if !yield(failure{name, o.since, exit.Store, func() error { return o.err }}) {
				return
			}
		}
		for q, o := range i.outages.refused {
			used := len(i.deps.users[q]) > 0
			if used && !yield(failure{q.Source, o.since, exit.Store, func() error { return fmt.Errorf("%s: %w", q, o.err) }}) {
				return
			}
		}
		for _, s := range i.prog.sets {
			for _, u := range s.units {
				if !i.yieldAbsent(u, yield) {
					return
				}
			}
		}
	}
}

func (i *instance) yieldAbsent(u *unit, yield func(failure) bool) bool {
	for n, m := range u.missing {
		if !m.Absent || m.Query.Kind != sources.Secret || u.waitingSince.IsZero() {
			continue
		}
		why := func() error { return errors.New(i.describe(u, 0)[n]) }
		if !yield(failure{m.Query.Source, u.waitingSince, exit.Missing, why}) {
			return false
		}
	}
	return true
}
