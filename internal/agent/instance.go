package agent

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"os"
	"time"

	"concierge/internal/config"
	"concierge/render"
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

	once bool // end when everything is applied; failures end it too
	dry  bool // put nothing in place
}

// instance is one running concierge. All of it belongs to the loop's goroutine.
type instance struct {
	o        Options
	log      *slog.Logger
	redactor *secrets.Redactor

	prog     *program
	live     bool // a program was adopted: from now on failures do not end it
	snapshot sources.Snapshot
	deps     dependencies
	due      []*set // have dirty units
	feeds    *feeds
	outages  outages
	applier  *applier

	wake  *time.Timer // earliest of all deadlines
	began time.Time
}

// start loads and compiles the configuration, opens the sources and queues
// everything for its first rendering.
func start(ctx context.Context, o Options, withEnv bool) (*instance, error) {
	i := &instance{
		o: o, log: o.Log, redactor: new(secrets.Redactor),
		feeds: newFeeds(o.Log), outages: newOutages(o.Log),
		wake: time.NewTimer(time.Hour), began: time.Now(),
	}
	prog, opened, err := i.prepare(withEnv)
	if err != nil {
		return nil, err
	}
	i.applier = startApplier(ctx, o.Log)
	i.install(ctx, prog, opened)
	return i, nil
}

// prepare does everything that can fail before anything live changes.
func (i *instance) prepare(withEnv bool) (*program, map[string]opening, error) {
	cfg, err := i.o.Load()
	if err != nil {
		return nil, nil, err
	}
	prog, err := compile(cfg, i.o.Environ, i.redactor, withEnv)
	if err != nil {
		return nil, nil, err
	}
	opened, err := open(cfg, i.log)
	return prog, opened, err
}

// install makes prog the current program. It cannot fail.
func (i *instance) install(ctx context.Context, prog *program, opened map[string]opening) {
	if i.prog != nil {
		i.replaceProgram(prog)
	}
	i.prog = prog
	i.feeds.replace(ctx, opened)
	i.outages.only(opened)
	for _, s := range prog.sets {
		for _, u := range s.units {
			i.deps.watch(u, u.source.Literals())
		}
		i.queue(s)
	}
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
	i.due = nil
}

// stop ends everything that start began, in reverse order.
func (i *instance) stop() {
	i.applier.stop()
	i.feeds.stopAll()
	i.wake.Stop()
}

// queue notes that units of s are dirty.
func (i *instance) queue(s *set) {
	if !s.queued {
		s.queued = true
		i.due = append(i.due, s)
	}
}

// step does all that can be done without waiting: it renders what is due,
// tells the sources what is wanted, and hands over what is complete.
func (i *instance) step() {
	now := time.Now()
	i.renderDue(now)
	if i.deps.changed {
		i.feeds.want(i.deps.bySource())
		i.snapshot = i.snapshot.Only(i.deps.used)
	}
	i.apply(now)
	i.rearm(now)
}

// renderDue executes the dirty units of every set whose quiescence has passed.
func (i *instance) renderDue(now time.Time) {
	waiting := i.due[:0]
	for _, s := range i.due {
		if s.due.After(now) {
			waiting = append(waiting, s)
			continue
		}
		s.queued, s.due, s.firstChange = false, time.Time{}, time.Time{}
		for _, u := range s.units {
			if u.dirty {
				i.execute(u, now)
			}
		}
		s.settle()
	}
	clear(i.due[len(waiting):])
	i.due = waiting
}

// execute renders one unit against the snapshot. A first rendering waits until
// its literal queries are answered: running it before would only find out what
// is known already.
func (i *instance) execute(u *unit, now time.Time) {
	if !u.executed {
		if open := i.unanswered(u.source.Literals()); len(open) > 0 {
			u.missing, u.waitingSince = open, now
			return
		}
	}
	u.dirty, u.executed = false, true
	result, err := u.source.Execute(i.snapshot)
	watched := result.Used
	if len(result.Missing) > 0 || err != nil {
		watched = union(result.Used, u.source.Literals())
	}
	i.deps.watch(u, watched)
	u.missing = result.Missing
	i.noteError(u, err)
	switch {
	case len(u.missing) > 0 && u.waitingSince.IsZero():
		u.waitingSince, u.explained = now, false
	case len(u.missing) == 0:
		u.waitingSince = time.Time{}
	}
	if err == nil && len(u.missing) == 0 {
		u.result, u.complete, u.sum = result, true, sha256.Sum256(result.Output)
	}
}

// unanswered returns those of the queries that may still be answered soon.
func (i *instance) unanswered(queries []sources.Query) []render.Missing {
	var open []render.Missing
	for _, q := range queries {
		if _, ok := i.snapshot.Lookup(q); !ok && !i.outages.hold(q) {
			open = append(open, render.Missing{Query: q})
		}
	}
	return open
}

// noteError logs an error of a template once, not at every execution. With
// once the error ends the instance and is told by that.
func (i *instance) noteError(u *unit, err error) {
	if err != nil && !i.o.once && (u.err == nil || u.err.Error() != err.Error()) {
		i.log.Error("template failed, its last output stays", "template", u.label, "error", err)
	}
	u.err = err
}

// take applies a batch of a source, and all further ones that wait already, so
// that what arrived together is rendered once.
func (i *instance) take(u sources.Update) {
	now := time.Now()
	for {
		i.outages.note(u)
		next, changed := i.snapshot.With(u.Values)
		i.snapshot = next
		for _, q := range changed {
			i.noteChange(q, now)
		}
		if u.Err != nil || len(u.Failed) > 0 {
			i.queueUnexecuted()
		}
		select {
		case u = <-i.feeds.updates:
		default:
			return
		}
	}
}

// noteChange marks the units that use q.
func (i *instance) noteChange(q sources.Query, now time.Time) {
	if v, _ := i.snapshot.Lookup(q); !v.Exists && v.Data != nil {
		i.log.Warn("key is gone, its last value stays in use", "query", q.String())
	}
	for _, u := range i.deps.users[q] {
		u.dirty = true
		u.set.changed(now)
		i.queue(u.set)
	}
}

// queueUnexecuted lets units that waited for their literal queries run, to
// find out what exactly an outage holds back.
func (i *instance) queueUnexecuted() {
	for _, s := range i.prog.sets {
		for _, u := range s.units {
			if !u.executed {
				i.queue(s)
			}
		}
	}
}

// rearm sets the timer to the earliest deadline there is.
func (i *instance) rearm(now time.Time) {
	next := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if !t.IsZero() && t.Before(next) {
			next = t
		}
	}
	for _, s := range i.due {
		sooner(s.due)
	}
	for _, s := range i.prog.sets {
		sooner(s.retryAt)
	}
	if i.waiting() {
		sooner(i.explainAt())
	}
	i.wake.Reset(next.Sub(now))
}

func union(a, b []sources.Query) []sources.Query {
	seen := make(map[sources.Query]bool, len(a)+len(b))
	var all []sources.Query
	for _, list := range [...][]sources.Query{a, b} {
		for _, q := range list {
			if !seen[q] {
				seen[q] = true
				all = append(all, q)
			}
		}
	}
	return all
}

var _ render.Lookup = sources.Snapshot{}
