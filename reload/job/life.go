package job

import (
	"context"
	"log/slog"
	"sync"

	"concierge/reload/probe"
	"concierge/reload/process"
	"concierge/reload/usage"
)

// life is one run of a program, with what watches it.
type life struct {
	child    *process.Child
	cancel   context.CancelFunc
	watchers sync.WaitGroup
	verdicts chan verdict

	// Owned by the job's goroutine.
	plan                          Plan
	passesHealth, passesReadiness bool
}

// verdict is what a watcher found.
type verdict struct {
	about  string // health, readiness or limits
	ok     bool
	reason string
}

// live begins to watch a child.
func live(child *process.Child, plan Plan, log *slog.Logger) *life {
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{child: child, cancel: cancel, verdicts: make(chan verdict), plan: plan}
	l.watch(ctx, "health", plan.Health, log)
	l.watch(ctx, "readiness", plan.Readiness, log)
	if plan.Limits != (usage.Limits{}) {
		l.watchers.Go(func() {
			if err := usage.Watch(ctx, child.PID(), plan.Limits); ctx.Err() == nil && err != nil {
				l.say(ctx, verdict{"limits", false, err.Error()})
			}
		})
	}
	return l
}

func (l *life) watch(ctx context.Context, about string, c *Check, log *slog.Logger) {
	if c == nil {
		return
	}
	m := probe.New(c.Probe, c.Thresholds, log.With("check", about))
	l.watchers.Go(func() {
		m.Run(ctx, func(v probe.Verdict) {
			reason := ""
			if v.Err != nil {
				reason = v.Err.Error()
			}
			if v.State != probe.StateUnknown {
				l.say(ctx, verdict{about, v.State == probe.StateHealthy, reason})
			}
		})
	})
}

func (l *life) say(ctx context.Context, v verdict) {
	select {
	case l.verdicts <- v:
	case <-ctx.Done():
	}
}

// events returns what the job waits for of its program; nothing without one.
func (l *life) events() (<-chan struct{}, <-chan verdict) {
	if l == nil {
		return nil, nil
	}
	return l.child.Done(), l.verdicts
}

// end ends the watchers.
func (l *life) end() {
	l.cancel()
	l.watchers.Wait()
}

// note takes a verdict in.
func (l *life) note(v verdict) {
	switch v.about {
	case "health":
		l.passesHealth = v.ok
	case "readiness":
		l.passesReadiness = v.ok
	}
}

// ready reports whether the program can be used.
func (l *life) ready() bool {
	if l == nil {
		return false
	}
	return (l.passesHealth || l.plan.Health == nil) && (l.passesReadiness || l.plan.Readiness == nil)
}

// state is that of a program that runs.
func (l *life) state() State {
	switch {
	case l.ready() && len(l.plan.checks()) == 0:
		return Running
	case l.ready():
		return IsHealthy
	}
	return Starting
}
