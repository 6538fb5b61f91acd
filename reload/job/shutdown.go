package job

import (
	"sync"
	"time"

	"concierge/reload/process"
)

// reserve is kept for each wave of a shutdown that is still to come.
const reserve = time.Second

// Shutdown stops everything, those first that need others: what needs the
// process, then the process, then the rest. Nothing takes longer than until the
// deadline, if that is not zero, and a few seconds; what is stopped later keeps
// a second of that. It returns how the process ended; ok is false if it was
// never started.
func (g *Group) Shutdown(deadline time.Time) (status process.Status, ok bool) {
	g.roster.close(false)
	if !deadline.IsZero() {
		late := time.AfterFunc(time.Until(deadline), g.roster.killLeaving)
		defer late.Stop()
	}
	waves := g.waves()
	for i, wave := range waves {
		most := share(deadline, len(waves)-1-i)
		var stops sync.WaitGroup
		for _, name := range wave {
			j := g.roster.find(name)
			stops.Go(func() {
				s, ran := j.Stop(most)
				if name == ProcessName {
					status, ok = s, ran
				}
			})
		}
		stops.Wait()
	}
	g.work.Wait()
	return status, ok
}

// share is how long a wave may take with so many to come; 0 without a deadline.
func share(deadline time.Time, coming int) time.Duration {
	if deadline.IsZero() {
		return 0
	}
	left := time.Until(deadline)
	each := min(reserve, left/time.Duration(coming+1))
	return max(time.Millisecond, left-each*time.Duration(coming))
}

// waves returns the names in the order in which they are stopped; those of one
// wave at the same time.
func (g *Group) waves() [][]string {
	names := g.roster.names()
	depth := make(map[string]int)
	var depthOf func(name string) int
	depthOf = func(name string) int { // how many have to be stopped before, at least
		if d, known := depth[name]; known {
			return d
		}
		depth[name] = 0 // rings are refused with the configuration
		d := 0
		for _, other := range names {
			if g.before(other, name) {
				d = max(d, depthOf(other)+1)
			}
		}
		depth[name] = d
		return d
	}
	var waves [][]string
	for _, name := range names {
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
