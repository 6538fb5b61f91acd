package agent

import (
	"context"
	"errors"
	"log/slog"
	"syscall"
	"time"

	"concierge/internal/admin"
)

// remote is the instance as operators see it. Each request is done by the loop,
// to which all state belongs; one whose client has given up before the loop
// came to it is not done at all.
type remote struct{ i *instance }

var (
	_ admin.Instance = remote{}
	_ admin.Health   = remote{}
)

// Live implements [admin.Health].
func (r remote) Live() admin.Verdict { return r.i.vitals.Live() }

// Ready implements [admin.Health].
func (r remote) Ready() admin.Verdict { return r.i.vitals.Ready() }

// ask has the loop do something and returns what came of it.
//
// Once everything is being ended only the status is told.
func ask[T any](ctx context.Context, i *instance, do func(ctx context.Context) (T, error)) (T, error) {
	return askAlways(ctx, i.control, func(ctx context.Context) (T, error) {
		if i.stopping {
			var none T
			return none, admin.ErrStopping
		}
		return do(ctx)
	})
}

func askAlways[T any](ctx context.Context, c *control, do func(ctx context.Context) (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	answer := make(chan result, 1) // so that the loop never waits for a client
	var none T
	select {
	case c.requests <- func(ctx context.Context) {
		value, err := do(ctx)
		answer <- result{value, err}
	}:
	case <-c.stopping:
		return none, admin.ErrStopping
	case <-ctx.Done():
		return none, ctx.Err()
	}
	select {
	case r := <-answer:
		return r.value, r.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// Status implements [admin.Reporter].
func (r remote) Status(ctx context.Context) (admin.Status, error) {
	return askAlways(ctx, r.i.control, func(context.Context) (admin.Status, error) { return r.i.status(), nil })
}

// Reload implements [admin.Reloader].
func (r remote) Reload(ctx context.Context) error {
	_, err := ask(ctx, r.i, func(ctx context.Context) (struct{}, error) {
		return struct{}{}, r.i.told(r.i.reloadAnnounced(ctx))
	})
	return err
}

// Restart implements [admin.JobKeeper].
func (r remote) Restart(ctx context.Context, job string) error {
	restart, err := ask(ctx, r.i, func(context.Context) (func() error, error) {
		restart, err := r.i.restarting(job)
		return restart, r.i.told(err)
	})
	if err != nil {
		return err
	}
	return r.i.told(restart())
}

// Signal implements [admin.JobKeeper].
func (r remote) Signal(ctx context.Context, job string, sig syscall.Signal) error {
	_, err := ask(ctx, r.i, func(context.Context) (struct{}, error) {
		return struct{}{}, r.i.told(r.i.signalJob(job, sig))
	})
	return err
}

// Maintenance implements [admin.Maintainer].
func (r remote) Maintenance(ctx context.Context, on bool) (changed bool, err error) {
	return ask(ctx, r.i, func(context.Context) (bool, error) { return r.i.maintain(on), nil })
}

// Retry implements [admin.Retrier].
func (r remote) Retry(ctx context.Context) (sets []string, err error) {
	return ask(ctx, r.i, func(context.Context) ([]string, error) { return r.i.retry(), nil })
}

// LogLevel implements [admin.Leveler].
func (r remote) LogLevel(ctx context.Context, level slog.Level) (previous slog.Level, err error) {
	return ask(ctx, r.i, func(context.Context) (slog.Level, error) {
		previous := r.i.control.o.SetLevel(level)
		r.i.log.Info("log level changed", "to", level.String(), "from", previous.String())
		return previous, nil
	})
}

// told makes an error one that may be shown.
func (i *instance) told(err error) error {
	if _, unknown := errors.AsType[*admin.UnknownJobError](err); unknown || err == nil {
		return err
	}
	return errors.New(i.redactor.Redact(err.Error()))
}

// retry forgets what was found bad, and ends every back-off.
func (i *instance) retry() []string {
	sets := []string{}
	for _, s := range i.prog.sets {
		if s.past.isBad(s.ready) || s.failed != (digest{}) {
			sets = append(sets, s.name)
		}
		s.past.bad, s.past.suspect = nil, digest{}
		s.retryAt = time.Time{}
		s.backoff.Reset()
	}
	if i.handover.bad != nil && i.prog.env != nil {
		sets = append(sets, i.prog.env.name)
	}
	i.handover.bad, i.handover.retryAt = nil, time.Time{}
	i.log.Info("trying again on demand", "sets", sets)
	return sets
}

// maintain begins or ends maintenance, and reports whether that changed
// anything.
func (i *instance) maintain(on bool) (changed bool) {
	if on == i.maintenance {
		return false
	}
	i.maintenance = on
	i.vitals.see(i.sight())
	if on {
		i.log.Warn("maintenance begins, the instance is not ready")
	} else {
		i.log.Info("maintenance ends")
	}
	i.applier.Jobs.Pause(on)
	return true
}
