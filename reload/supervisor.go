package reload

import (
	"context"
	"log/slog"

	"concierge/reload/board"
	"concierge/reload/job"
	"concierge/reload/journal"
	"concierge/reload/process"
)

// Gate is asked before a change is put in place, so that a fleet can change a
// few instances at a time.
type Gate interface {
	// Enter blocks until the change may be made; it ends with an error when ctx
	// does, or when the change must not be made now. leave is called once with
	// what became of it.
	Enter(ctx context.Context, sets []string) (leave func(healthy bool), err error)
}

// Open is a [Gate] that lets everything pass.
type Open struct{}

// Enter implements [Gate].
func (Open) Enter(context.Context, []string) (func(bool), error) { return func(bool) {}, nil }

// Options are what a [Supervisor] is made of.
type Options struct {
	Log      *slog.Logger
	Children *process.Children // starts all programs
	Jobs     *job.Group        // with the process among them
	Gate     Gate              // nil lets everything pass
	Journal  *journal.Journal  // nil remembers nothing
	Board    *board.Board      // nil tells nobody
	Meter    Meter             // nil tells nobody
}

// Supervisor puts generations in place and tells the process. Its methods
// belong to one goroutine, but for [Supervisor.Running].
type Supervisor struct {
	Options
	main *job.Job

	want    *Process // as last wanted
	started bool     // it is started once; after that only restarted
	behind  bool     // it was not told of files that changed
}

// New returns a supervisor that has not started anything.
func New(o Options) *Supervisor {
	if o.Gate == nil {
		o.Gate = Open{}
	}
	return &Supervisor{Options: o, main: o.Jobs.Main()}
}

// Running reports whether the process was started and has not ended.
func (s *Supervisor) Running() bool { return s.main.Running() }

// sameProcess reports whether a running process that was started as p needs no
// restart to become q.
func sameProcess(p, q *Process) bool { return p.Plan.Spec.Same(q.Plan.Spec) }
