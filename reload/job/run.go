package job

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"concierge/reload/process"
)

// startIfMet starts a job that waits, if what it needs is there.
func (j *Job) startIfMet() {
	if open := j.roster.unmet(j.plan.Needs); len(open) > 0 {
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
	j.begin()
}

// begin starts the program because its time has come. A failure counts as an
// end.
func (j *Job) begin() {
	if err := j.start(Crashed); err != nil {
		j.log.Error(j.subject()+" cannot be started", "error", err)
		j.began, j.well = time.Now(), 0
		j.decide(process.Status{Code: startCode(err)}, err.Error())
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

// start starts the program as planned, for that cause unless it is the first
// time.
func (j *Job) start(why Cause) error {
	if _, killed := j.roster.state(); killed {
		return errKilled
	}
	if err := j.plan.Spec.Check(); err != nil {
		return err
	}
	j.mu.Lock() // see newest
	c, err := process.StartChild(j.children, j.plan.Spec, j.front)
	if err == nil {
		if !j.ran {
			why = First
		}
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
	j.roster.meter.Started(j.name, why, j.began)
	j.life = live(c, j.plan, j.log)
	j.enter(j.life.state())
	if j.plan.Timeout > 0 {
		j.after(j.plan.Timeout, j.timeOut)
	}
	return nil
}

// halt stops the program that runs, if one does.
func (j *Job) halt(stop process.Stop) (status process.Status) {
	l := j.life
	if l == nil {
		return status
	}
	j.enter(Stopping, "")
	l.end()
	j.roster.meter.Signalled(j.name, stop.Signal)
	status = l.child.End(stop)
	j.note(status)
	j.log.Info(j.subject()+" stopped", "pid", l.child.PID(), "status", status.String())
	return status
}

// note takes down the end of the program.
func (j *Job) note(status process.Status) {
	j.well, j.life = j.life.wellFor(), nil
	j.roster.meter.Ended(j.name, status)
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last, j.status.Last, j.status.PID, j.status.Ready, j.monitors = status, status.String(), 0, false, nil
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
	if j.life == nil {
		return
	}
	status := j.halt(j.plan.Spec.Stop)
	if status == (process.Status{}) {
		status.Code = 1 // a program that ends well when asked to has not done its work
	}
	j.decide(status, fmt.Sprintf("not finished after %s (see its timeout setting)", j.plan.Timeout))
}

// judged takes in what a watcher found.
func (j *Job) judged(v verdict) {
	j.life.note(v)
	j.enter(j.life.state())
	if j.holds == 0 && j.roster.pausing() == nil {
		j.heal()
	}
}

// heal restarts a program that has to be.
func (j *Job) heal() {
	about, reason, bad := j.life.fatal()
	if !bad {
		return
	}
	j.log.Warn(j.subject()+" is not well and is restarted", "check", string(about), "error", reason)
	j.restart(j.halt(j.plan.Spec.Stop), reason)
}
