package admin

import "time"

// Status is what an instance says of itself. The names in JSON are stable. No
// text in it holds a secret or a digest of one. Times are absent when there is
// none to tell.
type Status struct {
	Version     string    `json:"version"`
	PID         int       `json:"pid"`
	StartedAt   time.Time `json:"started_at"`
	Ready       bool      `json:"ready"`       // everything is applied, and nothing asks for the opposite
	Maintenance bool      `json:"maintenance"` // see [Maintainer]
	Config      Config    `json:"config"`
	Sources     []Source  `json:"sources"`
	Sets        []Set     `json:"sets"`
	Jobs        []Job     `json:"jobs"`
}

// Config is the configuration in force.
type Config struct {
	File      string    `json:"file,omitempty"` // empty when there is none
	LoadedAt  time.Time `json:"loaded_at"`
	LastError string    `json:"last_error,omitempty"` // of the last reload, if that failed
}

// SourceState says what a source's answers are worth.
type SourceState string

// The states of sources.
const (
	// SourceCurrent has answered everything that is wanted of it.
	SourceCurrent SourceState = "current"
	// SourceStale answers, but refuses something that is wanted, or has not
	// answered it yet.
	SourceStale SourceState = "stale"
	// SourceAway does not answer; outputs stay as they are.
	SourceAway SourceState = "away"
)

// Source is a store of configuration or secrets.
type Source struct {
	Name  string      `json:"name"`
	State SourceState `json:"state"`
	Since time.Time   `json:"since,omitzero"` // of an outage or refusal
	Error string      `json:"error,omitempty"`
}

// SetState says how far a set of files is.
type SetState string

// The states of sets.
const (
	SetWaiting  SetState = "waiting"  // for data, or for its turn
	SetApplying SetState = "applying" // it is being checked, put in place, acted on or watched
	SetApplied  SetState = "applied"  // its newest version is in place and acted on
	SetHeld     SetState = "held"     // a guard refuses the data; the last version stays
	SetFailed   SetState = "failed"   // a template, a check, a file or an action failed; it is tried again
	SetBad      SetState = "bad"      // its newest version was rolled back, and is not tried again
)

// Set is a group of files that change together, or the variables of the
// process.
type Set struct {
	Name      string    `json:"name"`
	State     SetState  `json:"state"`
	Files     []string  `json:"files"`
	AppliedAt time.Time `json:"applied_at,omitzero"` // the version in place
	Missing   []string  `json:"missing,omitempty"`   // what it waits for, where that is used, and why it is missing
	Error     string    `json:"error,omitempty"`
}

// JobState says what a program is doing.
type JobState string

// The states of jobs.
const (
	JobIdle      JobState = "idle"     // its time has not come
	JobWaiting   JobState = "waiting"  // for its files, or for another job
	JobStarting  JobState = "starting" // runs, and its health is not known yet
	JobHealthy   JobState = "healthy"
	JobUnhealthy JobState = "unhealthy"
	JobRunning   JobState = "running" // and nobody asks for its health
	JobBackoff   JobState = "backoff" // ended, and waits to be started again
	JobStopping  JobState = "stopping"
	JobStopped   JobState = "stopped"
	JobCompleted JobState = "completed" // ended well and is not started again
	JobGaveUp    JobState = "gave_up"   // ended too often
)

// Job is a program that the instance looks after.
type Job struct {
	Name       string    `json:"name"`
	Type       string    `json:"type"`
	State      JobState  `json:"state"`
	PID        int       `json:"pid,omitempty"`
	Since      time.Time `json:"since,omitzero"` // in this state
	Restarts   int       `json:"restarts"`
	LastStatus string    `json:"last_status,omitempty"` // how it ended last
	Ready      bool      `json:"ready"`                 // it can be used
	WaitsFor   []string  `json:"waits_for,omitempty"`   // if that is its state
	Error      string    `json:"error,omitempty"`
}
