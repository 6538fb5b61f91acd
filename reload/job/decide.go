package job

import (
	"cmp"
	"fmt"
	"time"

	"concierge/reload/board"
	"concierge/reload/process"
)

// decide does what the policy says about the end of a program. With a problem
// it has failed, whatever its status.
func (j *Job) decide(status process.Status, problem string) {
	p := j.plan.Restart
	failed := problem != "" || !p.ok(status)
	if failed {
		problem = cmp.Or(problem, status.String())
	}
	_, killed := j.roster.state()
	switch {
	case j.plan.Kind == Interval && !killed:
		if failed {
			j.log.Warn("job failed, the next one is on time", "status", status.String(), "error", problem)
			j.board.Record(board.Job, j.name, "failed", problem)
		}
		j.enter(Idle, problem)
		j.untilNext()
	case p.again(failed) && !killed:
		j.restart(status, problem)
	case j.plan.Kind == Main:
		j.log.Info(j.subject()+" ended", "status", status.String())
		j.enter(Stopped, problem)
		j.roster.final(End{j.name, status})
	case j.plan.Kind == Once && !failed:
		j.log.Info("job completed")
		j.enter(Done, "")
	case !failed || killed:
		j.enter(Stopped, problem)
	default:
		j.log.Error("job failed", "status", status.String(), "error", problem)
		j.giveUp(status, problem)
	}
}

// untilNext waits for the next run of an interval job.
func (j *Job) untilNext() {
	j.after(max(0, time.Until(j.began.Add(j.plan.Every))), j.begin)
}

// restart starts the program again after its delay, or gives up.
func (j *Job) restart(status process.Status, problem string) {
	delay, ok := j.history.next(j.plan.Restart, time.Now(), j.well)
	if !ok {
		limit, window := j.plan.Restart.Limit, j.plan.Restart.Window
		j.log.Error(j.subject()+" was restarted too often and is given up (see restart.limit)",
			"status", status.String(), "restarts", limit, "within", window)
		why := fmt.Sprintf("restarted %d times within %s", limit, window)
		if problem != "" {
			why += ", the last time because: " + problem
		}
		j.giveUp(status, why)
		return
	}
	j.log.Warn(j.subject()+" ended, and is started again", "status", status.String(), "delay", delay.Round(time.Millisecond))
	j.enter(Backoff, problem)
	j.after(delay, func() {
		j.mu.Lock()
		j.status.Restarts++
		j.mu.Unlock()
		j.begin()
	})
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
