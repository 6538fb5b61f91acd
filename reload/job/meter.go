package job

import (
	"syscall"
	"time"

	"concierge/reload/probe"
	"concierge/reload/process"
)

// Cause is why a program was started.
type Cause string

// The causes.
const (
	First   Cause = "first"  // for the first time
	Changed Cause = "config" // a change asked for a restart
	Crashed Cause = "crash"  // it had ended, or was not healthy
	Asked   Cause = "manual" // an operator, or an action on a job, asked for it
)

// Meter is told of the lives of programs, for concierge's own metrics. It is
// called concurrently and must be quick.
type Meter interface {
	Started(job string, why Cause, at time.Time)
	Ended(job string, s process.Status)
	// Signalled is told of each signal for a program, also of the one that asks it
	// to end.
	Signalled(job string, sig syscall.Signal)
}

// unmetered is a Meter that nobody looks at.
type unmetered struct{}

func (unmetered) Started(string, Cause, time.Time) {}
func (unmetered) Ended(string, process.Status)     {}
func (unmetered) Signalled(string, syscall.Signal) {}

// Tell makes the group tell m. It is called before anything is started.
func (g *Group) Tell(m Meter) { g.roster.meter = m }

// Checkup is what a health check says.
type Checkup struct {
	Job   string
	About string // health or readiness
	probe.Snapshot
}

// Checkups returns what the checks of the programs that run say, by the names
// of the jobs, the process first.
func (g *Group) Checkups() []Checkup {
	var all []Checkup
	for _, j := range g.roster.all() {
		all = append(all, j.checkups()...)
	}
	return all
}

func (j *Job) checkups() []Checkup {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []Checkup
	for _, about := range []subject{health, readiness} {
		if m := j.monitors[about]; m != nil {
			all = append(all, Checkup{j.name, string(about), m.Snapshot()})
		}
	}
	return all
}

// Healthy reports whether the last verdict was good.
func (c Checkup) Healthy() bool { return c.State == probe.StateHealthy }
