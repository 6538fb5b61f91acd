package job

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concierge/reload/board"
	"concierge/reload/process"
)

// ProcessName is the name of the process among the jobs.
const ProcessName = "process"

// Group is the jobs of one instance, with the process among them. Its methods
// may be called concurrently, [Group.Replace] and [Group.Shutdown] by one
// goroutine.
type Group struct {
	log      *slog.Logger
	children *process.Children
	board    *board.Board
	roster   *roster
	main     *Job

	work  sync.WaitGroup // a replacement that is on its way
	plans map[string]Plan
}

// NewGroup returns a group that has only the process, which was not started.
func NewGroup(children *process.Children, b *board.Board, log *slog.Logger) *Group {
	g := &Group{log: log, children: children, board: b, roster: newRoster(), plans: make(map[string]Plan)}
	g.main = g.join(ProcessName)
	return g
}

// Main is the process.
func (g *Group) Main() *Job { return g.main }

// Ends delivers the first end that takes concierge with it.
func (g *Group) Ends() <-chan End { return g.roster.ends }

// Changed returns a channel that is closed when a job changes its state.
func (g *Group) Changed() <-chan struct{} { return g.roster.changes() }

// Unmet returns what of the needs is not there, in words.
func (g *Group) Unmet(needs map[string]Condition) []string { return g.roster.unmet(needs) }

// Status returns how all jobs are, the process first.
func (g *Group) Status() []Status {
	var all []Status
	for _, j := range g.roster.all() {
		all = append(all, j.Status())
	}
	return all
}

// Find returns a job by its name; the error names those that exist.
func (g *Group) Find(name string) (*Job, error) {
	if j := g.roster.find(name); j != nil {
		return j, nil
	}
	return nil, fmt.Errorf("no job is called %q; there are %v", name, g.roster.names())
}

// Restart runs a job anew: one that has ended is started, one that runs is
// restarted. It blocks for as long as it takes to stop. A job that cannot be
// started is not stopped.
func (g *Group) Restart(name string) error {
	j, err := g.Find(name)
	if err != nil {
		return err
	}
	return j.Again()
}

// Replace makes these the jobs besides the process. Those that are gone are
// stopped, new ones started when their needs are met, and those whose program
// changed restarted; that goes on after Replace has returned.
func (g *Group) Replace(plans []Plan) {
	g.work.Wait()
	next := make(map[string]Plan)
	for _, p := range plans {
		next[p.Name] = p
	}
	for name := range g.plans {
		if _, stays := next[name]; !stays {
			g.remove(name)
		}
	}
	g.plans = next
	for _, p := range plans {
		j := g.join(p.Name)
		if p.Manual {
			g.work.Go(func() { j.prepare(p) })
		} else {
			g.work.Go(func() { j.want(p) })
		}
	}
	g.roster.change()
}

func (g *Group) join(name string) *Job {
	return g.roster.join(name, func() *Job { return newJob(name, g.children, g.board, g.roster, g.log) })
}

// remove stops a job for good.
func (g *Group) remove(name string) {
	j, left := g.roster.dismiss(name)
	g.work.Go(func() {
		defer left()
		j.Stop(0)
		j.close()
	})
}

// Run runs a job to its end and reports whether it succeeded. It blocks until
// then, which the job's timeout and policy bound, or until ctx ends; the
// program is stopped then.
func (g *Group) Run(ctx context.Context, name string) bool {
	j, err := g.Find(name)
	if err == nil {
		err = j.Again()
	}
	if err != nil {
		g.log.Error("job cannot be started", "job", name, "error", err)
		return false
	}
	for {
		changed := g.roster.changes()
		switch j.Status().State {
		case Done:
			return true
		case GaveUp, Stopped:
			return false
		}
		select {
		case <-changed:
		case <-ctx.Done():
			j.Stop(time.Second)
			return false
		}
	}
}

// Pause leaves unhealthy programs alone until it is called again without on.
// What ends by itself meets its policy.
func (g *Group) Pause(on bool) { g.roster.pause(on) }

// Kill kills everything at once. Nothing is started any more.
func (g *Group) Kill() {
	g.roster.close(true)
	for _, j := range g.roster.all() {
		j.Kill()
	}
	g.roster.killLeaving()
}

// Close ends the goroutines of all jobs. They must have been stopped.
func (g *Group) Close() {
	g.work.Wait()
	for _, j := range g.roster.all() {
		j.close()
	}
}
