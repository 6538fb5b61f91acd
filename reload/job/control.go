package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"concierge/reload/process"
)

// Start starts the program by that plan, at once, if it does not run; its needs
// are the caller's business. The error is a [*process.StartError]. The program
// gets the terminal and the standard input of concierge.
func (j *Job) Start(p Plan) (err error) {
	j.do(func() {
		j.follow(p)
		j.wanted, j.front = true, true
		if j.life == nil {
			j.disarm()
			err = j.start(First)
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
		j.halt(j.plan.Spec.Stop)
		if err = ctx.Err(); err != nil {
			j.enter(Stopped, "")
			return
		}
		j.follow(p)
		j.wanted, j.history = true, history{}
		if err = j.start(Changed); err != nil {
			j.enter(Stopped, err.Error())
		}
	})
	return err
}

// Stop stops the program and returns how it ended, or how the last one did if
// none runs; it blocks for at most the stop timeout, and not longer than most
// if that is not 0, and a few seconds. ok is false when none was ever started.
func (j *Job) Stop(most time.Duration) (status process.Status, ok bool) {
	if most > 0 { // the goroutine may be stopping the program already, with time
		late := time.AfterFunc(most, j.Kill)
		defer late.Stop()
	}
	j.do(func() { j.rest(most) })
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last, j.ran
}

// rest ends the job for now; see Stop.
func (j *Job) rest(most time.Duration) {
	j.wanted, j.waiting, j.heldEnd = false, false, nil
	j.disarm()
	stop := j.plan.Spec.Stop
	if most > 0 {
		stop.Timeout = min(stop.Timeout, most)
	}
	j.halt(stop)
	if s := j.Status().State; s != Done && s != GaveUp && s != Idle {
		j.enter(Stopped, "")
	}
}

// want makes the job follow a plan by itself: it starts when its needs are met,
// and restarts if the plan asks for another program.
func (j *Job) want(p Plan) {
	j.do(func() {
		if closing, _ := j.roster.state(); closing {
			return
		}
		before := j.plan
		j.follow(p)
		switch {
		case j.life != nil && before.same(p):
			j.adopt()
			return
		case j.wanted && before.same(p):
			if j.Status().State == Idle { // between two runs
				j.untilNext()
			}
			return
		}
		j.disarm()
		j.halt(before.Spec.Stop)
		j.wanted, j.waiting, j.history = true, true, history{}
		j.enter(Waiting, "")
		if open := j.Status().WaitsFor; len(open) > 0 {
			j.log.Info("job waits", "for", open)
		}
	})
}

// Adopt gives a program that runs other checks, limits and policies, without a
// restart.
func (j *Job) Adopt(p Plan) {
	j.do(func() {
		j.follow(p)
		j.adopt()
	})
}

func (j *Job) adopt() {
	if j.life != nil {
		j.life = j.life.adopt(j.plan, j.log)
		j.enter(j.life.state())
	}
}

// prepare gives a job that runs when it is told to its plan.
func (j *Job) prepare(p Plan) {
	j.do(func() {
		if !j.plan.Manual && j.wanted {
			j.rest(0)
		}
		j.follow(p)
	})
}

// Again runs a job anew: one that has ended is started, one that runs is
// restarted. It blocks for as long as it takes to stop. A program that cannot
// be started leaves the one that runs alone.
func (j *Job) Again() (err error) {
	j.do(func() {
		if len(j.plan.Spec.Command) == 0 {
			err = fmt.Errorf("%s cannot be started yet: it is not known how it is to run (see the log for what concierge waits for)", j.name)
			return
		}
		if _, killed := j.roster.state(); killed {
			err = errKilled
			return
		}
		if err = j.plan.Spec.Check(); err != nil {
			return
		}
		j.disarm()
		j.halt(j.plan.Spec.Stop)
		j.wanted, j.waiting, j.history = true, false, history{}
		if err = j.start(Asked); err != nil {
			j.giveUp(process.Status{Code: startCode(err)}, err.Error())
		}
	})
	return err
}

// Refresh is [Job.Again] for a job that has run already. One that has not will
// find what is new anyway.
func (j *Job) Refresh() error {
	if s := j.Status().State; s == Idle || s == Waiting {
		return nil
	}
	return j.Again()
}

// Resting reports whether the program has ended and is not about to take
// concierge with it: it waits for its restart, or was given up and parked.
func (j *Job) Resting() (resting bool) {
	j.do(func() {
		j.catchUp()
		s := j.Status().State
		resting = s == Backoff || s == GaveUp && !j.plan.Restart.End
	})
	return resting
}

// Hold puts off what follows an end or an unhealthy verdict until
// [Job.Release], for one who watches a change and may undo it.
func (j *Job) Hold() {
	j.do(func() {
		j.catchUp() // what ended before is not that one's business
		j.holds++
	})
}

// Release ends a [Job.Hold]. What was put off is done now.
func (j *Job) Release() {
	j.do(func() {
		if j.holds--; j.holds > 0 {
			return
		}
		if end := j.heldEnd; end != nil {
			j.heldEnd = nil
			j.decide(*end, "")
		} else if j.life != nil && j.roster.pausing() == nil {
			j.heal()
		}
	})
}

// Forgive forgets what the checks have said of the program, which was told to be
// as before: that takes its time, and it has its grace again.
func (j *Job) Forgive() {
	j.do(func() {
		if j.life != nil {
			j.life = j.life.renew(j.log)
			j.enter(j.life.state())
		}
	})
}

// Ended returns how a program ended whose end nobody acted on yet, because of a
// [Job.Hold].
func (j *Job) Ended() (status process.Status, ok bool) {
	j.do(func() {
		j.catchUp()
		if j.heldEnd != nil {
			status, ok = *j.heldEnd, true
		}
	})
	return status, ok
}

// catchUp takes in an end that is known already and waits for its turn.
func (j *Job) catchUp() {
	if j.life == nil {
		return
	}
	select {
	case <-j.life.child.Done():
		j.exited()
	default:
	}
}

var errKilled = errors.New("concierge is ending")
