package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"concierge/reload/process"
)

// Start starts the program by that plan, at once, if it does not run; its needs
// are the caller's business. The error is a [*process.StartError]. The program
// gets the terminal and the standard input of concierge.
func (j *Job) Start(p Plan) (err error) {
	j.do(func() {
		j.plan, j.wanted, j.front = p, true, true
		if j.life == nil {
			j.disarm()
			err = j.start()
		}
	})
	return err
}

// Restart stops the program and starts it by that plan, which does not count
// for the policy. It blocks for as long as the program takes to stop; if ctx
// ends by then it is not started.
func (j *Job) Restart(ctx context.Context, p Plan) (err error) {
	j.do(func() {
		j.disarm()
		j.halt()
		if err = ctx.Err(); err != nil {
			return
		}
		j.plan, j.wanted = p, true
		j.history = history{}
		err = j.start()
	})
	return err
}

// Stop stops the program and returns how it ended, or how the last one did if
// none runs; it blocks for at most the stop timeout, and not longer than most
// if that is not 0, and a few seconds. ok is false when none was ever started.
func (j *Job) Stop(most time.Duration) (status process.Status, ok bool) {
	j.do(func() {
		j.wanted, j.waiting, j.heldEnd = false, false, nil
		j.disarm()
		if stop := &j.plan.Spec.Stop; most > 0 {
			stop.Timeout = min(stop.Timeout, most)
		}
		j.halt()
		if s := j.Status().State; s != Done && s != GaveUp && s != Idle {
			j.enter(Stopped, "")
		}
	})
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last, j.ran
}

// want makes the job follow a plan by itself: it starts when its needs are met,
// and restarts if the plan asks for another program.
func (j *Job) want(p Plan) {
	j.do(func() {
		before := j.plan
		j.plan = p
		switch {
		case j.wanted && before.same(p) && (j.life == nil || before.equal(p)):
			return
		case j.life != nil && before.same(p):
			j.adopt(p)
			return
		}
		j.disarm()
		j.halt()
		j.wanted, j.waiting, j.history = true, true, history{}
		j.enter(Waiting, "")
	})
}

// Adopt gives a program that runs other checks, limits and policies, without a
// restart.
func (j *Job) Adopt(p Plan) {
	j.do(func() { j.adopt(p) })
}

func (j *Job) adopt(p Plan) {
	j.plan = p
	if j.life == nil {
		return
	}
	j.life.end()
	j.life = live(j.life.child, p, j.log)
	j.enter(j.life.state(), "")
}

// Resting reports whether the program has ended and is not about to take
// concierge with it: it waits for its restart, or was given up and parked.
func (j *Job) Resting() bool {
	s := j.Status().State
	return s == Backoff || s == GaveUp && !j.ending()
}

func (j *Job) ending() (ending bool) {
	j.do(func() { ending = j.plan.Restart.End })
	return ending
}

// prepare gives a job that runs when it is told to its plan.
func (j *Job) prepare(p Plan) { j.do(func() { j.plan = p }) }

// needs returns what the job needs.
func (j *Job) needs() (needs map[string]Condition) {
	j.do(func() { needs = j.plan.Needs })
	return needs
}

// Again runs a job anew: one that has ended is started, one that runs is
// restarted. It blocks for as long as it takes to stop.
func (j *Job) Again() (err error) {
	j.do(func() {
		if len(j.plan.Spec.Command) == 0 {
			err = errors.New("it was not started yet")
			return
		}
		j.disarm()
		j.halt()
		j.wanted, j.waiting, j.history = true, false, history{}
		err = j.start()
	})
	return err
}

// startIfMet starts a job that waits, if what it needs is there.
func (j *Job) startIfMet() {
	open := j.roster.unmet(j.plan.Needs)
	if len(open) > 0 {
		j.mu.Lock()
		j.status.WaitsFor = open
		j.mu.Unlock()
		if j.due == nil {
			j.beginToWait()
		}
		return
	}
	j.waiting = false
	j.disarm()
	if err := j.start(); err != nil {
		j.log.Error("job cannot be started", "error", err)
		j.giveUp(process.Status{Code: startCode(err)}, err.Error())
	}
}

// patience is how long a job waits before the log says what for.
const patience = 5 * time.Second

// beginToWait bounds the wait for what a job needs.
func (j *Job) beginToWait() {
	if most := j.plan.Patience; most > 0 && most <= patience {
		j.after(most, j.tire)
		return
	}
	j.after(patience, func() {
		j.log.Warn("job waits for others", "waits_for", j.roster.unmet(j.plan.Needs))
		if j.plan.Patience == 0 {
			j.due = func() {} // it was said
			return
		}
		j.after(j.plan.Patience-patience, j.tire)
	})
}

// tire gives up a job that has waited for too long.
func (j *Job) tire() {
	j.waiting = false
	j.log.Error("job has waited for too long and is given up (see start_timeout)", "waits_for", j.roster.unmet(j.plan.Needs))
	j.giveUp(process.Status{Code: 1}, "waited too long")
}

// start starts the program as planned.
func (j *Job) start() error {
	if err := j.plan.Spec.Check(); err != nil {
		return err
	}
	// A signal that comes now waits for the program: that may run already, and
	// even have said so.
	j.mu.Lock()
	c, err := process.StartChild(j.children, j.plan.Spec, j.front)
	if err == nil {
		j.latest, j.ran = c, true
	}
	j.mu.Unlock()
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if j.plan.Kind == Interval {
		level = slog.LevelDebug // its failures are told
	}
	j.log.Log(context.Background(), level, j.subject()+" started", "pid", c.PID(), "command", j.plan.Spec.Command[0])
	j.heldEnd, j.began = nil, time.Now()
	j.life = live(c, j.plan, j.log)
	j.enter(j.life.state(), "")
	if j.plan.Timeout > 0 {
		j.after(j.plan.Timeout, j.timeOut)
	}
	return nil
}

// halt stops the program that runs, if one does.
func (j *Job) halt() {
	if j.life == nil {
		return
	}
	l := j.life
	j.enter(Stopping, "")
	l.end()
	status := l.child.End(j.plan.Spec.Stop)
	j.note(status)
	j.log.Info(j.subject()+" stopped", "pid", l.child.PID(), "status", status.String())
}

// note takes down the end of the program.
func (j *Job) note(status process.Status) {
	j.life = nil
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last, j.status.Last, j.status.PID = status, status.String(), 0
}

// exited takes in that the program ended by itself.
func (j *Job) exited() {
	l := j.life
	l.end()
	j.disarm()
	l.child.Settle()
	status := l.child.Status()
	j.note(status)
	if j.holds > 0 {
		j.heldEnd = &status
		j.enter(Stopped, "ended: "+status.String())
		return
	}
	j.decide(status, "")
}

// timeOut ends a run that takes too long.
func (j *Job) timeOut() {
	l := j.life
	if l == nil {
		return
	}
	l.end()
	status := l.child.End(j.plan.Spec.Stop)
	j.note(status)
	if status == (process.Status{}) {
		status.Code = 1 // a program that ends well when asked to has not done its work
	}
	j.decide(status, fmt.Sprintf("not finished after %s (see its timeout setting)", j.plan.Timeout))
}

// judged takes in what a watcher found.
func (j *Job) judged(v verdict) {
	l := j.life
	l.note(v)
	switch {
	case v.ok:
		j.enter(l.state(), "")
	case v.about == "readiness":
		j.enter(Unhealthy, v.reason)
	case j.holds > 0 || j.roster.pausing() != nil:
		j.enter(Unhealthy, v.reason)
	default:
		j.log.Warn(j.subject()+" is not well and is restarted", "check", v.about, "error", v.reason)
		j.enter(Unhealthy, v.reason)
		l.end()
		status := l.child.End(j.plan.Spec.Stop)
		j.note(status)
		j.restart(status, v.reason)
	}
}

// decide does what the policy says about the end of a program.
func (j *Job) decide(status process.Status, problem string) {
	p := j.plan.Restart
	switch {
	case j.plan.Kind == Interval:
		if !p.ok(status) {
			j.log.Warn("job failed, the next one is on time", "status", status.String(), "error", problem)
			j.board.Record("job", j.name, "failed", status.String())
		}
		j.enter(Idle, failureText(p, status, problem))
		j.after(max(0, time.Until(j.began.Add(j.plan.Every))), j.startDue)
	case p.again(status):
		j.restart(status, problem)
	case j.plan.Kind == Main:
		j.log.Info(j.subject()+" ended", "status", status.String())
		j.enter(Stopped, problem)
		j.roster.final(End{j.name, status})
	case j.plan.Kind == Once && p.ok(status):
		j.log.Info("job completed")
		j.enter(Done, "")
	case p.ok(status):
		j.enter(Stopped, "")
	default:
		j.log.Error("job failed", "status", status.String(), "error", problem)
		j.giveUp(status, failureText(p, status, problem))
	}
}

func failureText(p Policy, status process.Status, problem string) string {
	switch {
	case problem != "":
		return problem
	case p.ok(status):
		return ""
	}
	return status.String()
}

// restart starts the program again after its delay, or gives up.
func (j *Job) restart(status process.Status, problem string) {
	delay, ok := j.history.next(j.plan.Restart, time.Now(), time.Since(j.began))
	if !ok {
		j.log.Error(j.subject()+" was restarted too often and is given up (see restart.limit)", "status", status.String(),
			"restarts", j.plan.Restart.Limit, "within", j.plan.Restart.Window)
		j.giveUp(status, fmt.Sprintf("restarted %d times within %s", j.plan.Restart.Limit, j.plan.Restart.Window))
		return
	}
	j.log.Warn(j.subject()+" ended, and is started again", "status", status.String(), "delay", delay.Round(time.Millisecond))
	j.enter(Backoff, failureText(j.plan.Restart, status, problem))
	j.after(delay, func() {
		j.mu.Lock()
		j.status.Restarts++
		j.mu.Unlock()
		j.startDue()
	})
}

// startDue starts the program because its time has come.
func (j *Job) startDue() {
	if err := j.start(); err != nil {
		j.log.Error(j.subject()+" cannot be started", "error", err)
		j.restart(process.Status{Code: startCode(err)}, err.Error())
	}
}

// giveUp leaves the job as it is, or takes concierge with it.
func (j *Job) giveUp(status process.Status, problem string) {
	j.enter(GaveUp, problem)
	if j.plan.Restart.End {
		if status == (process.Status{}) {
			status.Code = 1 // it ended well each time, but too often
		}
		j.roster.final(End{j.name, status})
	}
}

// Hold puts off what follows an end or an unhealthy verdict until
// [Job.Release], for one who watches a change and may undo it.
func (j *Job) Hold() { j.do(func() { j.holds++ }) }

// Release ends a [Job.Hold]. What was put off is done now.
func (j *Job) Release() {
	j.do(func() {
		if j.holds--; j.holds > 0 {
			return
		}
		if end := j.heldEnd; end != nil {
			j.heldEnd = nil
			j.decide(*end, "")
			return
		}
		j.reconsider()
	})
}

// reconsider does what was put off about an unhealthy program.
func (j *Job) reconsider() {
	if s := j.Status(); j.life != nil && s.State == Unhealthy && j.life.plan.Health != nil && !j.life.passesHealth {
		j.judged(verdict{"health", false, s.Problem})
	}
}

// Ended returns how a program ended whose end nobody acted on yet, because of a
// [Job.Hold].
func (j *Job) Ended() (status process.Status, ok bool) {
	j.do(func() {
		if done, _ := j.life.events(); isClosed(done) {
			j.exited()
		}
		if j.heldEnd != nil {
			status, ok = *j.heldEnd, true
		}
	})
	return status, ok
}

// isClosed reports whether a channel is closed; nil is not.
func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func sortedNeeds(needs map[string]Condition) []string {
	var names []string
	for name := range needs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
