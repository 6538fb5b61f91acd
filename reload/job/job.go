package job

import (
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"time"

	"concierge/reload/board"
	"concierge/reload/probe"
	"concierge/reload/process"
)

// Job is one program that is looked after. Its methods may be called
// concurrently; those that start or stop wait for each other.
type Job struct {
	name     string
	log      *slog.Logger
	children *process.Children
	board    *board.Board
	roster   *roster

	requests chan func()
	quit     chan struct{} // closed to end the goroutine
	ended    chan struct{} // closed when it is gone

	// Owned by the goroutine.
	plan    Plan
	wanted  bool // it is to run: it was started and not stopped
	waiting bool // for what it needs
	front   bool
	life    *life // of the program that runs; nil when none does
	history history
	began   time.Time     // the run that is on, or the last one
	well    time.Duration // the last run was well
	due     func()        // what the timer is for
	timer   *time.Timer
	holds   int             // see Hold
	heldEnd *process.Status // an end that nobody acted on, because of a hold

	mu     sync.Mutex
	needed map[string]Condition // guarded by mu; the needs of the plan
	latest *process.Child       // guarded by mu; started last
	status Status               // guarded by mu
	last   process.Status       // guarded by mu; of the last run
	ran    bool                 // guarded by mu; was started at least once
	// monitors are the checks of the program that runs; guarded by mu.
	monitors map[subject]*probe.Monitor
}

// newJob starts the goroutine of a job that does nothing yet. close ends it.
func newJob(name string, children *process.Children, b *board.Board, r *roster, log *slog.Logger) *Job {
	j := &Job{
		name: name, log: log, children: children, board: b, roster: r, timer: time.NewTimer(time.Hour),
		requests: make(chan func()), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	j.timer.Stop()
	if name != ProcessName {
		j.log = log.With("job", name)
	}
	j.status = Status{Name: name, State: Idle, Since: time.Now()}
	go j.run()
	return j
}

// run is the goroutine.
func (j *Job) run() {
	defer close(j.ended)
	defer j.timer.Stop()
	for {
		var needs <-chan struct{}
		if j.waiting {
			needs = j.roster.changes()
			j.startIfMet()
		}
		var resumed <-chan struct{}
		if j.life != nil {
			resumed = j.roster.pausing()
		}
		done, verdicts := j.life.events()
		select {
		case request := <-j.requests:
			request()
		case <-done:
			j.exited()
		case v := <-verdicts:
			j.judged(v)
		case <-j.timer.C:
			if due := j.due; due != nil {
				j.due = nil
				due()
			}
		case <-needs:
		case <-resumed:
			if j.holds == 0 {
				j.heal()
			}
		case <-j.quit:
			return
		}
	}
}

// do runs f in the goroutine and waits for it. It does nothing after close.
func (j *Job) do(f func()) {
	done := make(chan struct{})
	select {
	case j.requests <- func() { defer close(done); f() }:
		<-done
	case <-j.ended:
	}
}

// close ends the goroutine. The program must have been stopped.
func (j *Job) close() {
	close(j.quit)
	<-j.ended
}

// Status returns what the job is doing.
func (j *Job) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.status
}

// LastEnd is how the program ended last; ok is false if it has not ended yet.
func (j *Job) LastEnd() (status process.Status, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last, j.status.Last != ""
}

// Running reports whether the program runs.
func (j *Job) Running() bool { return j.Status().PID != 0 }

// Signal sends a signal to the program, also while it is being stopped. It does
// nothing when there is none.
func (j *Job) Signal(sig syscall.Signal) error {
	if c := j.newest(); c != nil {
		j.tellSignal(sig)
		return c.Signal(sig)
	}
	return nil
}

// Kill kills the group of the program at once, also while it is being stopped.
func (j *Job) Kill() {
	if c := j.newest(); c != nil {
		j.tellSignal(syscall.SIGKILL)
		c.Kill()
	}
}

// tellSignal tells the meter of a signal, if there is still somebody to get it.
func (j *Job) tellSignal(sig syscall.Signal) {
	if j.Running() {
		j.roster.meter.Signalled(j.name, sig)
	}
}

// newest waits for a program that is just being started: it may run already,
// and even have said so.
func (j *Job) newest() *process.Child {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.latest
}

// Gone returns a channel that is closed when the program that runs now has
// ended. It is nil when none runs.
func (j *Job) Gone() <-chan struct{} {
	if c := j.newest(); c != nil && j.Running() {
		return c.Done()
	}
	return nil
}

// needs returns what the job needs.
func (j *Job) needs() map[string]Condition {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.needed
}

// follow makes p the plan.
func (j *Job) follow(p Plan) {
	j.plan = p
	j.mu.Lock()
	defer j.mu.Unlock()
	j.needed, j.status.Kind = p.Needs, p.Kind
}

// subject is how messages call the job.
func (j *Job) subject() string {
	if j.name == ProcessName {
		return "process"
	}
	return "job"
}

// enter notes a state and tells everybody.
func (j *Job) enter(s State, problem string) {
	var open []string
	if s == Waiting {
		open = j.roster.unmet(j.plan.Needs)
	}
	j.mu.Lock()
	before := j.status.State
	j.status.State, j.status.Problem, j.status.WaitsFor = s, problem, open
	j.status.PID, j.monitors = 0, nil
	if j.life != nil {
		j.status.PID, j.monitors = j.life.child.PID(), j.life.monitors
	}
	j.status.Ready = s != Stopping && j.life.ready()
	if s != before {
		j.status.Since = time.Now()
	}
	j.mu.Unlock()
	if s != before {
		j.board.Record(board.Job, j.name, string(s), problem+strings.Join(open, ", "))
	}
	j.roster.change()
}

// after arms the timer; what it was armed for before is forgotten.
func (j *Job) after(d time.Duration, f func()) {
	j.timer.Reset(d)
	j.due = f
}

func (j *Job) disarm() {
	j.timer.Stop()
	j.due = nil
}
