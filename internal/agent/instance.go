package agent

import (
	"context"
	"io"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"concierge/internal/config"
	"concierge/internal/host"
	"concierge/metrics/telemetry"
	"concierge/reload"
	"concierge/reload/board"
	"concierge/reload/job"
	"concierge/reload/journal"
	"concierge/reload/process"
	"concierge/secrets"
	"concierge/sources"
)

// Options say what an instance is made of.
type Options struct {
	// Load reads the configuration. It is called at the start and again at
	// each reload; it must not have side effects.
	Load    func() (*config.Config, error)
	Log     *slog.Logger
	Environ []string // as of os.Environ
	// Signals delivers what the process of concierge is sent. Only Run reads
	// it; HUP reloads, TERM and INT stop, others go on to the process.
	Signals <-chan os.Signal
	Stdout  io.Writer // of Render's dry run and diff
	// Adopted is called with every configuration that comes into force; nil is
	// allowed.
	Adopted func(*config.Config)
	// Once makes Run end its sources when everything is applied, and itself
	// when the process ends, or at once without one.
	Once bool
	// Dry makes Run print every output that differs from its file to Stdout,
	// secrets included, instead of putting it in place. No process is started.
	Dry bool
	// Sole says that the instance has its process to itself: it waits for
	// orphans, see [process.Children.Reap]. Nothing else in the process may then
	// start a program, also not another instance.
	Sole bool
	// Control makes Run serve the control socket; nil serves none.
	Control *Control
	// Lighten is called before each reading and each delivery of metrics, which
	// need much memory for a moment: it may give some back. It is called
	// concurrently; nil does nothing.
	Lighten func()
	// StopStatus is the exit status after a stop signal, instead of that of
	// the process, if it is not 0.
	StopStatus int

	once bool // end when everything is applied; failures end it too
	dry  bool // put nothing in place
}

// instance is one running concierge. All of it belongs to the loop's goroutine.
type instance struct {
	o        Options
	log      *slog.Logger // passes through redactor
	redactor *secrets.Redactor

	prog      *program
	live      bool // a program was adopted: from now on failures do not end it
	snapshot  sources.Snapshot
	deps      dependencies
	due       []*set // have dirty units
	feeds     *feeds
	outages   outages
	applier   *applier
	children  *process.Children
	board     *board.Board
	journal   *journal.Journal // nil: nothing outlasts concierge
	following following
	reaper    reaper
	fleet     *fleet // nil: there are no others
	fence     fence
	shared    atomic.Pointer[fleet] // the same as fleet, for others
	deliverer deliverer

	handover handover
	needing  needing
	pid      pidFile
	fatal    error // a template failed that must not
	settled  bool  // with Once: everything was applied

	control     *control
	site        *site
	own         *telemetry.Telemetry // nil: nothing is measured
	gauges      gauges
	vitals      vitals
	loaded      loaded
	maintenance bool // an operator asked for it
	stopping    bool // everything is being ended

	manager host.Manager
	ready   bool // the service manager was told so

	wake *time.Timer // earliest of all deadlines
}

// start loads and compiles the configuration, opens the sources and queues
// everything for its first rendering.
func start(ctx context.Context, o Options, withEnv bool) (*instance, error) {
	redactor := new(secrets.Redactor)
	control := newControl(o)
	log := slog.New(secrets.NewHandler(control.record(o.Log.Handler()), redactor))
	control.log = log
	i := &instance{
		o: o, log: log, redactor: redactor, feeds: newFeeds(log), outages: newOutages(log), control: control,
		site: &site{log: log}, own: newTelemetry(o.Control),
		wake: time.NewTimer(time.Hour), children: process.NewChildren(log), manager: host.ServiceManager(o.Environ),
	}
	if o.Sole {
		i.reaper.start(i.children, log)
	}
	prog, opened, err := i.prepare(withEnv)
	if err != nil {
		i.release()
		return nil, err
	}
	if err := i.openJournal(prog); err != nil {
		for _, o := range opened {
			closeSource(o.source)
		}
		i.release()
		return nil, err
	}
	i.board = board.New(redactor.Redact, i.happened)
	jobs, meter := job.NewGroup(i.children, i.board, log), programMeter{i.own}
	jobs.Tell(meter)
	i.applier = startApplier(ctx, reload.Options{
		Log: log, Children: i.children, Jobs: jobs, Journal: i.journal, Board: i.board, Meter: meter, Gate: &i.fence,
	})
	i.vitals.main = jobs.Main()
	i.vitals.turn()
	i.own.Checks(i.checkStates)
	i.install(ctx, prog, opened)
	return i, nil
}

// prepare does everything that can fail before anything live changes.
func (i *instance) prepare(withEnv bool) (*program, map[string]opening, error) {
	cfg, err := i.o.Load()
	if err != nil {
		return nil, nil, err
	}
	prog, err := compile(cfg, i.o.Environ, i.redactor, i.children, withEnv)
	if err != nil {
		return nil, nil, err
	}
	if prog.metering, err = i.metering(cfg); err != nil {
		return nil, nil, err
	}
	opened, err := open(cfg, i.log, i.own)
	return prog, opened, err
}

// happened tells others of an event of the board. It may be called by others.
func (i *instance) happened(e board.Event) {
	i.control.show(e)
	i.deliverer.see(e)
}

// install makes prog the current program. It cannot fail.
func (i *instance) install(ctx context.Context, prog *program, opened map[string]opening) {
	if i.prog != nil {
		i.replaceProgram(prog)
	}
	i.prog = prog
	if prog.adopted {
		i.live = true
		if prog.metering == nil {
			i.log.Warn("nothing to do: the configuration has no templates and no process")
		}
	}
	i.own.Configure(prog.inventory())
	same := i.feeds.replace(ctx, opened)
	i.snapshot = i.snapshot.Only(func(q sources.Query) bool { return same[q.Source] })
	i.outages.only(same)
	for _, s := range prog.sets {
		for _, u := range s.units {
			i.deps.watch(u, u.source.Literals())
		}
		i.queue(s)
	}
	i.loaded = loaded{at: time.Now()}
	i.deliverer.adopt(prog)
	i.fleet.adopt(i)
	i.own.Loaded(i.loaded.at, nil)
	i.gauges.due = true
	if i.o.Adopted != nil {
		i.o.Adopted(prog.cfg)
	}
	i.deps.changed = true // new sources know nothing yet
}

// replaceProgram hands over what the old program had applied and forgets the
// rest of it.
func (i *instance) replaceProgram(prog *program) {
	old := make(map[string]*set, len(i.prog.sets))
	for _, s := range i.prog.sets {
		old[s.name] = s
		for _, u := range s.units {
			i.deps.watch(u, nil)
		}
	}
	for _, s := range prog.sets {
		if o := old[s.name]; o != nil {
			s.adopt(o)
		}
	}
	i.due, i.needing = nil, needing{}
}

// stop ends everything that start began, in reverse order.
func (i *instance) stop() {
	i.applier.stop(time.Time{})
	i.applier.hurry() // lets go of its context
	i.applier.Jobs.Close()
	i.journal.Close()
	i.feeds.stopAll()
	i.wake.Stop()
	i.release()
}

// release lets go of the process's children.
func (i *instance) release() {
	i.reaper.stop(i.children)
	i.children.Close()
}

// queue notes that units of s are dirty.
func (i *instance) queue(s *set) {
	if !s.queued {
		s.queued = true
		i.due = append(i.due, s)
	}
}
