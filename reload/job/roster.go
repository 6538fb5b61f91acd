package job

import (
	"errors"
	"fmt"
	"sync"

	"concierge/reload/process"
)

// roster knows how all jobs are, for those that need another one.
type roster struct {
	mu      sync.Mutex
	jobs    map[string]*Job // guarded by mu
	changed chan struct{}   // guarded by mu; closed at the next change
	resumed chan struct{}   // guarded by mu; closed when a pause ends; nil: none
	ends    chan End        // one slot: the first is what counts
}

// End is the end of a job that takes concierge with it.
type End struct {
	Job    string
	Status process.Status
}

func newRoster() *roster {
	return &roster{jobs: make(map[string]*Job), changed: make(chan struct{}), ends: make(chan End, 1)}
}

// pause begins or ends a time in which unhealthy programs are left alone.
func (r *roster) pause(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case on && r.resumed == nil:
		r.resumed = make(chan struct{})
	case !on && r.resumed != nil:
		close(r.resumed)
		r.resumed = nil
	}
}

// pausing returns a channel that is closed when the pause ends, and nil if there
// is none.
func (r *roster) pausing() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resumed
}

// final tells that a job has ended for good, and everything with it.
func (r *roster) final(e End) {
	select {
	case r.ends <- e:
	default: // concierge is ending already
	}
}

// change tells everybody who waits that a job has changed.
func (r *roster) change() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.changed)
	r.changed = make(chan struct{})
}

// changes returns a channel that is closed at the next change.
func (r *roster) changes() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

func (r *roster) find(name string) *Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.jobs[name]
}

// unmet returns those of the needs that are not there, in words.
func (r *roster) unmet(needs map[string]Condition) []string {
	var open []string
	for _, name := range sortedNeeds(needs) {
		j := r.find(name)
		if j != nil && j.Status().Met(needs[name]) {
			continue
		}
		state := Idle
		if j != nil {
			state = j.Status().State
		}
		open = append(open, fmt.Sprintf("%s to be %s (it is %s)", name, needs[name], state))
	}
	return open
}

// startCode is the exit status of a program that could not be started.
func startCode(err error) int {
	if start, ok := errors.AsType[*process.StartError](err); ok {
		return start.Code()
	}
	return process.CodeNotExecutable
}
