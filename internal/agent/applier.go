package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"concierge/reload"
	"concierge/reload/job"
)

// applier runs the supervisor in a goroutine of its own, so that a slow disk
// or command does not hold up the loop. It applies one generation at a time;
// what is newest is decided by the loop when it is idle again.
type applier struct {
	*reload.Supervisor
	log         *slog.Logger
	generations chan reload.Generation
	reports     chan reload.Report
	plans       chan []job.Plan // one slot: the newest plans of the jobs
	cancel      context.CancelFunc
	done        chan struct{} // closed when no generation is applied any more
	steady      chan struct{} // closed when no plans are followed any more
	leisure     context.Context
	hurry       context.CancelFunc // ends leisure: everything is to end at once

	// Owned by the loop.
	busy    bool
	stopped bool
	applied []attempt       // what the running generation is about
	offered *reload.Process // in the running generation; may be nil
}

// attempt is a set and what of it is being applied.
type attempt struct {
	set    *set
	digest digest
	writes []*bool   // set when its files are in place
	units  []*unit   // whose output is new
	since  time.Time // when the change came that it is about; zero: none did
	// finishes says that it changes nothing, but does what is left to do about
	// the version in place.
	finishes bool
}

func startApplier(ctx context.Context, o reload.Options) *applier {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	a := &applier{
		Supervisor: reload.New(o), log: o.Log,
		generations: make(chan reload.Generation, 1), reports: make(chan reload.Report, 1), plans: make(chan []job.Plan, 1),
		cancel: cancel, done: make(chan struct{}), steady: make(chan struct{}),
	}
	a.leisure, a.hurry = context.WithCancel(context.WithoutCancel(ctx))
	go func() {
		defer close(a.done)
		for g := range a.generations {
			a.reports <- a.Apply(ctx, g)
		}
	}()
	go func() {
		defer close(a.steady)
		for plans := range a.plans {
			a.Jobs.Replace(plans)
		}
	}()
	return a
}

// follow makes these the plans of the jobs, without waiting for it.
func (a *applier) follow(plans []job.Plan) {
	select {
	case <-a.plans: // nobody has begun with them
	default:
	}
	a.plans <- plans
}

// stop lets the running generation end, its commands killed. A process that it
// stops has until the deadline, if that is not zero; otherwise the process is
// not touched. It may be called twice, but not concurrently.
func (a *applier) stop(deadline time.Time) {
	a.cancel()
	if !deadline.IsZero() {
		late := time.AfterFunc(time.Until(deadline), a.Jobs.Main().Kill)
		defer late.Stop()
	}
	if !a.stopped {
		a.stopped = true
		select {
		case <-a.plans: // nobody has begun with them, and nobody shall
		default:
		}
		close(a.generations)
		close(a.plans)
	}
	<-a.done
	<-a.steady
}

// killReserve is kept of the time for a shutdown for what is killed in the end.
const killReserve = time.Second

// farewell is how everything is ended.
type farewell struct {
	hooks    hooks
	drain    time.Duration
	leave    time.Time // when the process is asked to end at the latest; zero: when hooks and drain are over
	deadline time.Time // zero: each as long as its own settings say
}

// shutdown ends everything: hooks, drain, then the process and the jobs, then
// hooks. Those of a process that was never started do not run. It returns how
// the process ended.
func (a *applier) shutdown(f farewell) (end processEnd) {
	if !a.Jobs.Main().Status().Met(job.Started) {
		f.hooks = hooks{}
	}
	if a.Running() {
		for _, name := range f.hooks.beforeStop {
			a.hook(name, f.leave)
		}
		a.drain(f)
	}
	end.Status, end.ran = a.Jobs.Shutdown(f.deadline)
	for _, name := range f.hooks.afterStop {
		a.hook(name, f.deadline)
	}
	return end
}

// hook runs a hook to its end; its failure does not hold up the rest.
func (a *applier) hook(name string, deadline time.Time) {
	ctx, cancel := a.leisure, context.CancelFunc(func() {})
	if !deadline.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, deadline)
	}
	defer cancel()
	if ctx.Err() != nil {
		a.log.Error("hook is left out, there is no time for it any more", "job", name)
		return
	}
	began := time.Now()
	var err error
	if !a.Jobs.Run(ctx, name) {
		err = errHook
		a.log.Error("hook failed, the shutdown goes on", "job", name)
	}
	if a.Meter != nil {
		a.Meter.Command(forHook, time.Since(began), err)
	}
}

// forHook is the purpose of hooks among those of commands.
const forHook reload.Purpose = "hook"

var errHook = errors.New("the hook failed")

// drain waits, so that those who were told that the process is not ready can
// turn away.
func (a *applier) drain(f farewell) {
	if !f.leave.IsZero() {
		f.drain = min(f.drain, time.Until(f.leave))
	}
	if f.drain <= 0 {
		return
	}
	a.log.Info("draining before the process is stopped", "for", f.drain)
	t := time.NewTimer(f.drain)
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.leisure.Done():
	case <-a.Jobs.Main().Gone():
	}
}
