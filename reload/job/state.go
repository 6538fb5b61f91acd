package job

import (
	"time"
)

// State is what a job is doing.
type State string

// The states.
const (
	Idle      State = "idle"      // not started yet, or between two runs
	Waiting   State = "waiting"   // for what it needs
	Running   State = "running"   // without health check
	Starting  State = "starting"  // not healthy yet
	IsHealthy State = "healthy"   // its checks pass
	Unhealthy State = "unhealthy" // a check fails
	Backoff   State = "backoff"   // waits before a restart
	Stopping  State = "stopping"  // was asked to end
	Stopped   State = "stopped"   // ended, and is not to be started again
	Done      State = "completed" // ran to its end and succeeded
	GaveUp    State = "gave_up"   // failed, and is not started again by itself
)

// Status is a job as others see it.
type Status struct {
	Name     string    `json:"name"`
	Kind     Kind      `json:"type"`
	State    State     `json:"state"`
	PID      int       `json:"pid,omitempty"`
	Since    time.Time `json:"since"`               // of the state
	Ready    bool      `json:"ready"`               // readiness, or health, or that it runs
	Restarts int       `json:"restarts"`            // by itself, since concierge was started
	Last     string    `json:"last_end,omitempty"`  // how it ended last
	Problem  string    `json:"problem,omitempty"`   // what the checks say, or why it was given up
	WaitsFor []string  `json:"waits_for,omitempty"` // of Waiting
}

// Met reports whether the job is what another one needs.
func (s Status) Met(c Condition) bool {
	switch c {
	case Completed:
		return s.State == Done
	case Healthy:
		return s.Ready
	}
	return s.PID != 0 || s.Last != ""
}
