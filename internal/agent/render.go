package agent

import (
	"context"
	"errors"
	"fmt"
	"time"

	"concierge/internal/exit"
)

// RenderMode says what Render does with complete outputs.
type RenderMode uint8

const (
	// Write puts the files in place and runs their commands.
	Write RenderMode = iota
	// Print writes the outputs to Options.Stdout and touches nothing.
	Print
	// Diff writes a unified diff against the files to Options.Stdout.
	Diff
	// Check only says whether a file would change.
	Check
)

// RenderOptions are the choices of one rendering.
type RenderOptions struct {
	Mode RenderMode
	// Timeout bounds the wait for data; 0 waits until ctx ends.
	Timeout time.Duration
	// ShowSecrets prints outputs unmasked in the mode Print.
	ShowSecrets bool
}

// Render renders every file once and ends. Data that is missing is waited for
// until the timeout; then the error lists all that is missing.
func Render(ctx context.Context, o Options, r RenderOptions) (status int, err error) {
	o.once, o.dry = true, r.Mode != Write
	i, err := start(ctx, o, false)
	if err != nil {
		return exit.Code(err), err
	}
	defer i.stop()
	deadline := make(<-chan time.Time)
	if r.Timeout > 0 {
		t := time.NewTimer(r.Timeout)
		defer t.Stop()
		deadline = t.C
	}
	if err := i.settleOnce(ctx, deadline); err != nil {
		return exit.Code(err), i.safe(err)
	}
	if r.Mode == Write {
		return exit.OK, nil
	}
	return i.show(r)
}

// safe returns err without the secrets that its text may hold: a template can
// put one into the path of a key that is then missing.
func (i *instance) safe(err error) error {
	return exit.With(exit.Code(err), errors.New(i.redactor.Redact(err.Error())))
}

// settleOnce runs the loop until everything is complete and, unless dry, in
// place.
func (i *instance) settleOnce(ctx context.Context, deadline <-chan time.Time) error {
	for {
		i.step()
		if i.prog.adopted || i.o.dry && i.allReady() {
			return nil
		}
		if err := i.hopeless(); err != nil {
			return err
		}
		select {
		case d := <-i.feeds.updates:
			i.take(d)
		case <-i.wake.C: // for the next step
		case r := <-i.applier.reports:
			if err := i.report(r); err != nil {
				return err
			}
		case <-deadline:
			return i.timedOut()
		case <-ctx.Done():
			return exit.With(exit.Interrupted, errors.New("interrupted before all was rendered"))
		}
	}
}

// hopeless returns an error when waiting longer cannot help: a store refuses a
// query that is needed, or a template fails although its data is complete.
func (i *instance) hopeless() error {
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			if u.err != nil {
				return exit.With(exit.Failed, u.err)
			}
			for _, m := range u.missing {
				if o, refused := i.outages.refused[m.Query]; refused {
					return exit.With(exit.Store, fmt.Errorf("%s: %w", m.Query, o.err))
				}
			}
		}
	}
	return nil
}

// timedOut tells a store that did not answer from keys that do not exist.
func (i *instance) timedOut() error {
	code := exit.Missing
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			for _, m := range u.missing {
				if !m.Absent {
					code = exit.Store
				}
			}
		}
	}
	return exit.With(code, fmt.Errorf("timed out waiting for data:\n%w", i.missingError()))
}
