package job

import (
	"fmt"
	"log/slog"
	"maps"
	"slices"
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
	g.main = newJob(ProcessName, children, b, g.roster, log)
	g.roster.jobs[ProcessName] = g.main
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
	all := []Status{g.main.Status()}
	for _, name := range g.names() {
		all = append(all, g.roster.find(name).Status())
	}
	return all
}

// names returns the names of the jobs besides the process, in order.
func (g *Group) names() []string {
	g.roster.mu.Lock()
	defer g.roster.mu.Unlock()
	names := slices.Sorted(maps.Keys(g.roster.jobs))
	return slices.DeleteFunc(names, func(n string) bool { return n == ProcessName })
}

// Find returns a job by its name; the error names those that exist.
func (g *Group) Find(name string) (*Job, error) {
	if j := g.roster.find(name); j != nil {
		return j, nil
	}
	return nil, fmt.Errorf("no job is called %q; there are %v", name, append([]string{ProcessName}, g.names()...))
}

// Restart runs a job anew: one that has ended is started, one that runs is
// restarted. It blocks for as long as it takes to stop.
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
		if !p.Manual {
			g.work.Go(func() { j.want(p) })
		} else {
			g.work.Go(func() { j.prepare(p) })
		}
	}
	g.roster.change()
}

// join returns the job of that name, a new one if there is none.
func (g *Group) join(name string) *Job {
	if j := g.roster.find(name); j != nil {
		return j
	}
	j := newJob(name, g.children, g.board, g.roster, g.log)
	g.roster.mu.Lock()
	g.roster.jobs[name] = j
	g.roster.mu.Unlock()
	return j
}

// remove stops a job for good.
func (g *Group) remove(name string) {
	j := g.roster.find(name)
	g.roster.mu.Lock()
	delete(g.roster.jobs, name)
	g.roster.mu.Unlock()
	g.work.Go(func() {
		j.Stop(0)
		j.close()
	})
}

// Run runs a job to its end and reports whether it succeeded. It blocks for at
// most the job's timeout, and most if that is not 0.
func (g *Group) Run(name string, most time.Duration) bool {
	j := g.roster.find(name)
	if j == nil {
		return false
	}
	if err := j.Again(); err != nil {
		g.log.Error("job cannot be started", "job", name, "error", err)
		return false
	}
	limit := time.NewTimer(most)
	if most == 0 {
		limit.Stop()
	}
	defer limit.Stop()
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
		case <-limit.C:
			j.Stop(time.Second)
			return false
		}
	}
}

// Pause leaves unhealthy programs alone until it is called again without on.
// What ends by itself meets its policy.
func (g *Group) Pause(on bool) { g.roster.pause(on) }

// Kill kills everything at once.
func (g *Group) Kill() {
	for _, name := range append(g.names(), ProcessName) {
		if j := g.roster.find(name); j != nil {
			j.Kill()
		}
	}
}

// Shutdown stops everything, those first that need others: what needs the
// process, then the process, then the rest. Nothing takes longer than until the
// deadline, if that is not zero, and a few seconds. It returns how the process
// ended; ok is false if it was never started.
func (g *Group) Shutdown(deadline time.Time) (status process.Status, ok bool) {
	g.work.Wait()
	for _, wave := range g.waves() {
		var stops sync.WaitGroup
		for _, name := range wave {
			j := g.roster.find(name)
			stops.Go(func() {
				s, ran := j.Stop(remaining(deadline))
				if name == ProcessName {
					status, ok = s, ran
				}
			})
		}
		stops.Wait()
	}
	return status, ok
}

// Close ends the goroutines of all jobs. They must have been stopped.
func (g *Group) Close() {
	g.work.Wait()
	for _, name := range append(g.names(), ProcessName) {
		g.roster.find(name).close()
	}
}

func remaining(deadline time.Time) time.Duration {
	if deadline.IsZero() {
		return 0
	}
	return max(time.Millisecond, time.Until(deadline))
}

// waves returns the names in the order in which they are stopped; those of one
// wave at the same time.
func (g *Group) waves() [][]string {
	depth := make(map[string]int)
	var depthOf func(name string) int
	depthOf = func(name string) int { // how many have to be stopped before, at least
		if d, known := depth[name]; known {
			return d
		}
		depth[name] = 0 // rings are refused with the configuration
		d := 0
		for _, other := range append(g.names(), ProcessName) {
			if g.before(other, name) {
				d = max(d, depthOf(other)+1)
			}
		}
		depth[name] = d
		return d
	}
	var waves [][]string
	for _, name := range append(g.names(), ProcessName) {
		d := depthOf(name)
		for len(waves) <= d {
			waves = append(waves, nil)
		}
		waves[d] = append(waves[d], name)
	}
	return waves
}

// before reports whether a has to be stopped before b: because it needs it, or
// because it is the process and b does not need that.
func (g *Group) before(a, b string) bool {
	if a == b {
		return false
	}
	return g.reaches(a, b) || a == ProcessName && !g.reaches(b, ProcessName)
}

// reaches reports whether a needs b, also by way of others.
func (g *Group) reaches(a, b string) bool {
	for next := range g.needs(a) {
		if next == b || g.reaches(next, b) {
			return true
		}
	}
	return false
}

func (g *Group) needs(name string) map[string]Condition {
	if name == ProcessName {
		return g.main.needs()
	}
	return g.plans[name].Needs
}
