package job

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"concierge/reload/process"
)

// roster knows how all jobs are, for those that need another one.
type roster struct {
	ends  chan End // one slot: the first is what counts
	meter Meter

	mu      sync.Mutex
	jobs    map[string]*Job // guarded by mu
	leaving map[*Job]bool   // guarded by mu; are stopped for good, and are not in jobs any more
	changed chan struct{}   // guarded by mu; closed at the next change
	resumed chan struct{}   // guarded by mu; closed when a pause ends; nil: none
	closing bool            // guarded by mu; no plan is followed any more
	killed  bool            // guarded by mu; nothing is started any more
}

// End is the end of a job that takes concierge with it.
type End struct {
	Job    string
	Status process.Status
}

func newRoster() *roster {
	return &roster{
		jobs: make(map[string]*Job), leaving: make(map[*Job]bool),
		changed: make(chan struct{}), ends: make(chan End, 1), meter: unmetered{},
	}
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

// all returns the jobs by their names, the process first.
func (r *roster) all() []*Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := []*Job{r.jobs[ProcessName]}
	for _, name := range slices.Sorted(maps.Keys(r.jobs)) {
		if name != ProcessName {
			all = append(all, r.jobs[name])
		}
	}
	return all
}

// names returns the names of all jobs, the process first.
func (r *roster) names() []string {
	var names []string
	for _, j := range r.all() {
		names = append(names, j.name)
	}
	return names
}

// join returns the job of that name, one that is made if there is none.
func (r *roster) join(name string, make func() *Job) *Job {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.jobs[name] == nil {
		r.jobs[name] = make()
	}
	return r.jobs[name]
}

// dismiss takes a job out, which goes on until left is called.
func (r *roster) dismiss(name string) (j *Job, left func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j = r.jobs[name]
	delete(r.jobs, name)
	r.leaving[j] = true
	return j, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.leaving, j)
	}
}

// killLeaving kills the programs of jobs that were taken out.
func (r *roster) killLeaving() {
	r.mu.Lock()
	leaving := slices.Collect(maps.Keys(r.leaving))
	r.mu.Unlock()
	for _, j := range leaving {
		j.Kill()
	}
}

// close ends the following of plans; with kill nothing is started any more.
func (r *roster) close(kill bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closing, r.killed = true, r.killed || kill
}

func (r *roster) state() (closing, killed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.closing, r.killed
}

// unmet returns those of the needs that are not there, in words.
func (r *roster) unmet(needs map[string]Condition) []string {
	var open []string
	for _, name := range slices.Sorted(maps.Keys(needs)) {
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
