package job

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"sync"
	"time"

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
	monitors map[subject]*probe.Monitor // is not changed after live

	// Owned by the job's goroutine.
	plan     Plan
	began    time.Time
	findings map[subject]finding
	well     time.Duration // it was healthy, until the health check last failed
}

// subject is what a watcher looks at.
type subject string

const (
	health    subject = "health"
	readiness subject = "readiness"
	limits    subject = "limits"
)

// verdict is what a watcher found.
type verdict struct {
	about  subject
	ok     bool
	reason string
}

// finding is the last verdict about a subject.
type finding struct {
	verdict
	at time.Time
}

// live begins to watch a child.
func live(child *process.Child, plan Plan, log *slog.Logger) *life {
	ctx, cancel := context.WithCancel(context.Background())
	l := &life{
		child: child, cancel: cancel, verdicts: make(chan verdict), plan: plan,
		began: time.Now(), findings: make(map[subject]finding), monitors: make(map[subject]*probe.Monitor),
	}
	l.watch(ctx, health, plan.Health, log)
	l.watch(ctx, readiness, plan.Readiness, log)
	if plan.Limits != (usage.Limits{}) {
		l.watchers.Go(func() { l.limit(ctx, log) })
	}
	return l
}

// adopt goes on with the same child under another plan. What is known of
// checks that stay the same is kept.
func (l *life) adopt(plan Plan, log *slog.Logger) *life {
	before := l.plan
	if reflect.DeepEqual(before.checks(), plan.checks()) && before.Limits == plan.Limits {
		l.plan = plan
		return l
	}
	l.end()
	next := live(l.child, plan, log)
	next.began, next.well = l.began, l.well
	for about, f := range l.findings {
		if check := plan.check(about); check != nil && reflect.DeepEqual(check, before.check(about)) {
			next.findings[about] = f
		}
	}
	return next
}

// renew watches the same child anew: what the checks have said counts no more.
func (l *life) renew(log *slog.Logger) *life {
	l.end()
	next := live(l.child, l.plan, log)
	next.began, next.well = l.began, l.well
	return next
}

func (l *life) watch(ctx context.Context, about subject, c *Check, log *slog.Logger) {
	if c == nil {
		return
	}
	m := probe.New(c.Probe, c.Thresholds, log.With("check", string(about)))
	l.monitors[about] = m
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

// limit watches what the program takes of the machine.
func (l *life) limit(ctx context.Context, log *slog.Logger) {
	err := usage.Watch(ctx, l.child.PID(), l.plan.Limits)
	if exceeded, ok := errors.AsType[*usage.Exceeded](err); ok {
		l.say(ctx, verdict{limits, false, exceeded.Error()})
	} else if ctx.Err() == nil {
		log.Error("use of the machine cannot be watched", "error", err)
	}
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
	l.well = l.wellFor()
	l.findings[v.about] = finding{v, time.Now()}
}

// wellFor is how long the program was healthy, or ran if nothing says that.
func (l *life) wellFor() time.Duration {
	if l.plan.Health == nil {
		return time.Since(l.began)
	}
	if f := l.findings[health]; f.ok {
		return l.well + time.Since(f.at)
	}
	return l.well
}

// ready reports whether the program can be used.
func (l *life) ready() bool {
	if l == nil {
		return false
	}
	return (l.findings[health].ok || l.plan.Health == nil) && (l.findings[readiness].ok || l.plan.Readiness == nil)
}

// fatal returns why the program has to be restarted, if it has.
func (l *life) fatal() (about subject, reason string, bad bool) {
	for _, about := range []subject{health, limits} {
		if f, known := l.findings[about]; known && !f.ok {
			return about, f.reason, true
		}
	}
	return "", "", false
}

// state is that of a program that runs, and what the checks say if they fail.
func (l *life) state() (State, string) {
	for _, about := range []subject{health, limits, readiness} {
		if f, known := l.findings[about]; known && !f.ok {
			return Unhealthy, f.reason
		}
	}
	switch {
	case !l.ready():
		return Starting, ""
	case len(l.plan.checks()) == 0:
		return Running, ""
	}
	return IsHealthy, ""
}
