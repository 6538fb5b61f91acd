package agent

import (
	"cmp"
	"context"
	"errors"
	"time"

	"concierge/cluster/rollout"
	"concierge/sources"
)

// made is a release with its values read.
type made struct {
	rollout.Release
	values map[string]sources.Value
}

// see notes what the sources say.
func (g *rolling) see(i *instance) {
	if !g.stale || !g.complete() {
		return
	}
	r := releaseOf(g.units(), i.snapshot)
	id := r.ID()
	if old, _ := g.edits.Live(); old.Release == id {
		return
	}
	values, err := valuesOf(r)
	if err != nil {
		return // it was just made
	}
	g.releases[id] = made{r, values}
	g.edits.set(id, r)
	g.leader.Nudge()
}

// alone reports whether the instance goes on without the others.
func (g *rolling) alone() bool { return g.fleet.cfg.WhenAway == "alone" && g.fleet.away() }

// aim is the release that is to run; empty while nobody knows, and then nothing
// changes.
func (g *rolling) aim(i *instance, now time.Time) string {
	live, _ := g.edits.Live()
	if g.alone() && (g.running != "" || now.Sub(g.since(now)) > g.fleet.cfg.TTL) {
		g.why = "the store is away, and the instance goes on alone"
		return live.Release
	}
	target := ""
	if g.settled {
		target, g.why, _ = g.seat.Target(g.running)
	}
	if g.kept != "" && target == "" && g.running == "" && now.Sub(g.since(now)) > explainAfter {
		g.why, target = "the store is away: what ran before goes on", g.kept
	}
	switch {
	case target != "":
		g.waiting, g.said = time.Time{}, false
	case now.Sub(g.since(now)) > explainAfter && !g.said:
		g.said = true
		g.fleet.log.Warn("nothing is changed before the fleet is seen", "rollout", g.name, "why", cmp.Or(g.why, "the store is away"))
	}
	return target
}

func (g *rolling) since(now time.Time) time.Time {
	if g.waiting.IsZero() {
		g.waiting = now
	}
	return g.waiting
}

// render makes the outputs of the target.
func (g *rolling) render(i *instance) {
	if g.ready == g.target && !g.stale {
		return
	}
	made, known := g.releases[g.target]
	switch {
	case g.target == "" || !known:
		g.load()
		g.ready = ""
	default:
		g.ready = ""
		complete, err := g.execute(i, made)
		if complete {
			g.ready, g.stale = g.target, false
		}
		g.refuse(i, err)
	}
	for _, s := range g.sets {
		s.ready = digest{}
		if g.ready != "" {
			s.ready, s.begun = s.sum(), true
			i.recall(s)
		}
	}
}

// refuse says that the target cannot be rendered here, which is a failure like
// any other: else the others would wait for this instance.
func (g *rolling) refuse(i *instance, err error) {
	if err == nil || g.leaving || g.pass != nil || g.running == "" || g.target == g.running || g.expects(time.Now()) {
		return
	}
	g.handed = g.target
	g.leave(i, rollout.Verdict{Result: rollout.Reverted, Running: g.running, Evidence: evidence(i.redactor.Redact(err.Error()))})
}

// execute renders every unit with the values of a release, and its texts if they
// are here. It is not complete
// while something is missing; the error is one that waiting does not mend.
func (g *rolling) execute(i *instance, r made) (complete bool, failed error) {
	complete = true
	texts, _ := g.sources(r)
	for _, u := range g.units() {
		source, former := texts[u.name()]
		if !former {
			source = u.source
		}
		result, err := source.Execute(pinned{i.snapshot, r.values})
		i.deps.watch(u, union(union(u.asks, union(u.source.Literals(), source.Literals())), result.Used))
		if err != nil || len(result.Missing) > 0 {
			complete, failed = false, errors.Join(failed, err)
			continue
		}
		if sum := sumOf(result); !u.complete || u.sum != sum {
			u.result, u.sum, u.written, u.complete = result, sum, new(bool), true
		}
	}
	return complete, failed
}

// load reads the target from the store.
func (g *rolling) load() {
	target := g.target
	if target == "" || g.loading == target {
		return
	}
	g.loading = target
	f, set := g.fleet, g.fleet.cfg.Service+"."+g.name
	f.work.Go(func() {
		release, err := g.fetch(set, target)
		f.tell(func() {
			if g.loading == target {
				g.loading = ""
			}
			if err == nil {
				g.releases[target] = release
			}
		})
	})
}

// fetch reads a release, as often as it takes.
func (g *rolling) fetch(set, id string) (made, error) {
	for {
		r, err := rollout.Load(g.fleet.ctx, g.fleet.store, set, id)
		if err == nil {
			values, err := valuesOf(r)
			return made{r, values}, err
		}
		if !errors.Is(err, context.Canceled) {
			g.fleet.log.Warn("a release was not loaded, it is tried again", "rollout", g.name, "error", err)
		}
		select {
		case <-time.After(time.Second):
		case <-g.fleet.ctx.Done():
			return made{}, err
		}
	}
}

// keep forgets the values of releases that are not needed.
func (g *rolling) keep(i *instance) {
	live, _ := g.edits.Live()
	for id := range g.releases {
		if id != live.Release && id != g.running && id != g.target {
			delete(g.releases, id)
		}
	}
	if r, ok := g.releases[g.running]; ok && i.prog.cfg.StateDir != "" {
		if err := writeRelease(i.prog.cfg.StateDir, g.name, r.Release); err != nil {
			g.fleet.log.Warn("the release was not kept on disk, a start without the store will wait", "rollout", g.name, "error", err)
		}
	}
}
