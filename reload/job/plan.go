package job

import (
	"time"

	"concierge/reload/probe"
	"concierge/reload/process"
	"concierge/reload/usage"
)

// Kind says how a job runs.
type Kind string

// The kinds of jobs.
const (
	Main     Kind = "process"  // a service whose end is the end of all
	Service  Kind = "service"  // runs all the time
	Once     Kind = "once"     // runs to its end
	Interval Kind = "interval" // runs to its end, again and again
)

// Condition is what a job can need of another one.
type Condition string

// The conditions.
const (
	Started   Condition = "started"   // it runs, or has run
	Healthy   Condition = "healthy"   // its checks pass
	Completed Condition = "completed" // it ran to its end and succeeded
)

// Check is a health check.
type Check struct {
	Probe      probe.Probe
	Thresholds probe.Thresholds
}

// Plan is how a job is wanted to run.
type Plan struct {
	Name      string
	Kind      Kind
	Spec      process.Spec
	Restart   Policy
	Every     time.Duration // of Interval: from one start to the next
	Timeout   time.Duration // of Once and Interval: the longest run; 0 is no limit
	Needs     map[string]Condition
	Patience  time.Duration // for what it needs; 0 is for ever
	Health    *Check        // liveness: it is restarted when that fails
	Readiness *Check        // told, and nothing else
	Limits    usage.Limits
	Manual    bool // it runs when it is told to, see [Group.Run], and not by itself
}

// checks returns the health checks of the plan by what they look at.
func (p Plan) checks() map[subject]Check {
	all := make(map[subject]Check)
	for _, about := range []subject{health, readiness} {
		if c := p.check(about); c != nil {
			all[about] = *c
		}
	}
	return all
}

// check returns the health check of that subject; nil is none.
func (p Plan) check(about subject) *Check {
	switch about {
	case health:
		return p.Health
	case readiness:
		return p.Readiness
	}
	return nil
}

// same reports whether a job that runs as p needs no restart to become q.
func (p Plan) same(q Plan) bool { return p.Kind == q.Kind && p.Spec.Same(q.Spec) }
