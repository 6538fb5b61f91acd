package agent

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"
	"time"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/reload/job"
	"concierge/reload/process"
)

// Run renders everything, starts the process and follows every change until
// the process ends by itself, a signal asks to stop, or ctx ends. The exit
// status is that of the process, or that of err.
func Run(ctx context.Context, o Options) (status int, err error) {
	o.once, o.dry = o.Once, o.Dry
	i, err := start(ctx, o, !o.Dry)
	if err != nil {
		return exit.Code(err), err
	}
	defer i.stop()
	if err := i.announce(); err != nil {
		return exit.Code(err), err
	}
	defer i.withdraw()
	if err := i.serveControl(); err != nil {
		return exit.Code(err), err
	}
	defer i.control.stop()
	if err := i.serveSite(); err != nil {
		return exit.Code(err), err
	}
	defer i.site.stop()
	if err := i.joinFleet(); err != nil {
		return exit.Code(err), err
	}
	defer func() { i.fleet.close(status) }()
	i.measure()
	defer func() { i.deliverer.close(status, i.life) }()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		i.vitals.turn()
		i.step()
		i.noteReady()
		end, err := i.progress()
		if err == nil && end == nil {
			end, err = i.await(ctx, beat.C)
		}
		switch {
		case err != nil:
			i.shutdown()
			return exit.Code(err), i.safe(err)
		case end != nil:
			return end.status, nil
		}
	}
}

// progress looks at what a step came to: a failure that ends all, or, with
// Once, that everything is done.
func (i *instance) progress() (*ending, error) {
	if i.o.dry {
		if err := i.preview(); err != nil {
			return nil, err
		}
	}
	if err := i.verdict(time.Now()); err != nil || !i.o.once || i.settled {
		return nil, err
	}
	if !i.prog.adopted && !(i.o.dry && i.allReady()) {
		return nil, nil
	}
	i.settled = true
	i.feeds.stopAll()
	if i.o.dry || i.prog.process == nil {
		return &ending{exit.OK}, nil
	}
	return nil, nil
}

// ending is a regular end of Run.
type ending struct{ status int }

// await blocks until something happens and takes it in. A beat is no reason for
// a step: it only shows that the loop could do one.
func (i *instance) await(ctx context.Context, beat <-chan time.Time) (*ending, error) {
	for {
		select {
		case <-beat:
			i.vitals.turn()
			continue
		case d := <-i.feeds.updates:
			i.take(d)
		case <-i.wake.C: // for the next step
		case r := <-i.applier.reports:
			return nil, i.report(r)
		case end := <-i.applier.Jobs.Ends():
			return i.ended(end), nil
		case <-i.jobsChanged():
		case sig := <-i.o.Signals:
			return i.signal(ctx, sig), nil
		case serve := <-i.control.requests:
			serve(ctx)
		case do := <-i.fleet.changes():
			do()
		case <-ctx.Done():
			return i.shutdown(), nil
		}
		return nil, nil
	}
}

// signal acts on a signal: one that the configuration keeps for concierge, or
// else one that is the process's own business. A signal that stops the process
// stops it as configured, with its timeout.
func (i *instance) signal(ctx context.Context, sig os.Signal) *ending {
	s, ok := sig.(syscall.Signal)
	switch {
	case !ok:
	case slices.Contains(i.prog.cfg.Signals.Reload, config.Signal(s)):
		_ = i.reloadAnnounced(ctx) // it was logged
	case i.stops(s):
		i.log.Info("stopping", "signal", s.String())
		end := i.shutdown()
		if i.o.StopStatus != 0 {
			end.status = i.o.StopStatus
		}
		return end
	case i.prog.process != nil && s == i.prog.process.Plan.Spec.Stop.Signal, s == syscall.SIGTERM && !i.applier.Running():
		i.log.Info("stopping", "signal", s.String())
		return i.shutdown()
	default:
		if err := i.applier.Jobs.Main().Signal(s); err != nil {
			i.log.Warn("signal was not forwarded", "signal", s.String(), "error", err)
		}
	}
	return nil
}

// stops reports whether a signal asks concierge to stop.
func (i *instance) stops(sig os.Signal) bool {
	s, ok := sig.(syscall.Signal)
	return ok && slices.Contains(i.prog.cfg.Signals.Stop, config.Signal(s))
}

// reload reads the configuration again. Everything that can fail comes before
// anything live changes: a bad file leaves the old configuration running, the
// process included. The error is logged already.
func (i *instance) reload(ctx context.Context) error {
	prog, opened, err := i.prepare(!i.o.dry)
	if err == nil {
		if err = i.reachable(prog.cfg); err != nil {
			closeAll(opened)
		}
	}
	if err != nil {
		i.log.Error("configuration was not reloaded, the previous one stays", "error", err)
		i.loaded.lastErr = err
		i.own.Loaded(time.Now(), err)
		return err
	}
	if err := i.announceAt(prog.cfg.PIDFile); err != nil {
		i.log.Error("PID file stays where it is", "error", err)
	}
	if prog.cfg.StateDir != i.prog.cfg.StateDir {
		i.log.Warn("another state_dir counts from the next start of concierge", "in use", i.journal.Dir())
	}
	i.install(ctx, prog, opened)
	i.control.adopt(i)
	i.site.adopt(i)
	i.log.Info("configuration reloaded")
	return nil
}

// reachable opens what a new configuration is reached by, or none of it.
func (i *instance) reachable(cfg *config.Config) error {
	if err := i.site.prepare(cfg.Admin); err != nil {
		return err
	}
	err := i.control.prepare(cfg.Control.Socket)
	if err != nil {
		i.site.discard()
	}
	return err
}

// shutdown stops the process. A second request while it waits for the process
// kills it at once. Without a process, a daemon that was asked to stop has
// done its work; one that never came to start its process was interrupted, and
// so was one that had to render once and did not.
func (i *instance) shutdown() *ending {
	i.tell(i.manager.NotifyStopping)
	i.stopping = true
	i.vitals.see(i.sight())
	defer i.control.refuse()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	done, f := make(chan processEnd, 1), i.farewell()
	go func() {
		i.applier.stop(f.deadline)
		done <- i.applier.shutdown(f)
	}()
	for {
		select {
		case <-beat.C:
			i.vitals.turn()
		case end := <-done:
			return &ending{i.exitedBefore(i.regular(end)).ExitCode()}
		case serve := <-i.control.requests: // how it is can be asked until the end
			serve(context.Background())
		case sig := <-i.o.Signals:
			switch {
			case i.stops(sig):
				i.log.Warn("asked to stop again, killing the process")
				i.applier.hurry()
				i.applier.Jobs.Kill()
			case i.forwards(sig):
				_ = i.applier.Jobs.Main().Signal(sig.(syscall.Signal)) // it may have ended
			}
		}
	}
}

// processEnd is how the process ended, if it ever ran.
type processEnd struct {
	process.Status
	ran bool
}

// forwards reports whether a signal is the process's own business.
func (i *instance) forwards(sig os.Signal) bool {
	s, ok := sig.(syscall.Signal)
	return ok && !slices.Contains(i.prog.cfg.Signals.Reload, config.Signal(s))
}

// regular is the status of a shutdown that ended like that.
func (i *instance) regular(end processEnd) process.Status {
	if !end.ran {
		end.Status = process.Status{Code: exit.OK}
		if i.prog.process != nil || i.o.once {
			end.Status.Code = exit.Interrupted
		}
		return end.Status
	}
	return i.accepted(job.End{Job: config.ProcessName, Status: end.Status})
}

// farewell is how the configuration wants everything ended.
func (i *instance) farewell() farewell {
	s := i.prog.cfg.Shutdown
	f := farewell{hooks: i.prog.hooks, drain: s.Drain}
	if s.Timeout == 0 {
		return f
	}
	budget := max(s.Timeout/2, s.Timeout-killReserve)
	f.leave, f.deadline = time.Now().Add(budget), time.Now().Add(budget)
	if p := i.prog.process; p != nil { // it gets the time that it needs, or half of all
		f.leave = f.leave.Add(-min(p.Plan.Spec.Stop.Timeout, budget/2))
	}
	return f
}

// ended is the end of a program that takes everything with it.
func (i *instance) ended(end job.End) *ending {
	if end.Job != config.ProcessName {
		i.log.Error("ending, because a job failed", "job", end.Job, "status", end.Status.String())
	}
	i.shutdown()
	return &ending{i.accepted(end).ExitCode()}
}

// accepted is how a program ended, or success if it is the process and the
// configuration says that this was one.
func (i *instance) accepted(end job.End) process.Status {
	if end.Job == config.ProcessName && i.prog.cfg.Process != nil &&
		slices.Contains(i.prog.cfg.Process.SuccessCodes, end.Status.ExitCode()) {
		return process.Status{Code: exit.OK}
	}
	return end.Status
}

// exitedBefore prefers the status of a process that had ended by itself just
// before it was to be stopped.
func (i *instance) exitedBefore(status process.Status) process.Status {
	select {
	case own := <-i.applier.Jobs.Ends():
		return i.accepted(own)
	default:
		return status
	}
}

var errNothing = errors.New("nothing to do: no templates and no process (see --template, --config, or give a command after --)")
