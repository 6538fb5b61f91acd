package agent

import (
	"fmt"
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
// settings allow. Those of a secret that does not exist are those of Vault: in
// consul-template its absence is a failure, too.
func (i *instance) exhausted(now time.Time) error {
	for name, o := range i.outages.away {
		if at, limited := i.patience(name, o.since); limited && !now.Before(at) {
			return exit.With(exit.Store, fmt.Errorf("gave up after %s: %w (see the retry settings of %s)",
				now.Sub(o.since).Round(time.Millisecond), o.err, name))
		}
	}
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			at, limited := i.patience(vaultName, u.waitingSince)
			if !limited || now.Before(at) || u.waitingSince.IsZero() {
				continue
			}
			for n, m := range u.missing {
				if m.Absent && m.Query.Kind == sources.Secret {
					return exit.With(exit.Missing, fmt.Errorf("gave up: %s (see the retry settings of vault)", i.describe(u, 0)[n]))
				}
			}
		}
	}
	return nil
}

// patience returns when a source that fails since then has used up its retries.
func (i *instance) patience(source string, since time.Time) (at time.Time, limited bool) {
	d := i.prog.patience[source]
	return since.Add(d), d > 0
}

// exhaustedAt returns when the next source will have used up its retries.
func (i *instance) exhaustedAt() time.Time {
	var first time.Time
	sooner := func(source string, since time.Time) {
		at, limited := i.patience(source, since)
		if limited && !since.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for name, o := range i.outages.away {
		sooner(name, o.since)
	}
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			if len(u.missing) > 0 {
				sooner(vaultName, u.waitingSince)
			}
		}
	}
	return first
}
