package agent

import (
	"context"
	"slices"
	"time"

	"concierge/cluster/rollout"
	"concierge/internal/config"
)

// rolling is the part of an instance that changes with a rollout. It belongs to
// the loop, but for what goroutines tell it through the fleet.
type rolling struct {
	fleet  *fleet
	name   string
	cfg    *config.Rollout
	seat   *rollout.Seat
	leader *rollout.Leader
	edits  edits
	sets   []*set

	settled bool   // what became of a former life was said
	running string // the release that is in place and well; empty before the first
	target  string
	why     string
	ready   string // the release of the units' results; empty: of none
	stale   bool   // the units were executed since

	releases map[string]made // by id
	loading  string
	texts    []string  // of the units, sorted
	editions []edition // texts of releases that the units do not have any more
	lacking  time.Time // since when the texts of the target are waited for

	pass     *rollout.Pass
	right    string             // the release that the pass is for
	handed   string             // the release of what the supervisor has, or had last
	entering context.CancelFunc // nil: no slot is asked for
	leaving  bool
	begun    time.Time // of the change that the pass is for
	waiting  time.Time // since when nobody knows the target
	said     bool      // and the log has said so
	kept     string    // the release that a former life kept on disk
}

// newRolling makes the part of a rollout and starts what it is made of.
func (f *fleet) newRolling(i *instance, name string) *rolling {
	cfg, me := f.cfg.Rollouts[name], f.announcer.Instance()
	set := f.cfg.Service + "." + name
	g := &rolling{fleet: f, name: name, cfg: cfg, stale: true, releases: make(map[string]made)}
	g.seat = rollout.NewSeat(rollout.SeatConfig{
		Store: f.store, Set: set, Self: rollout.Instance{ID: me.ID, Incarnation: me.Incarnation, Domain: me.Labels[cfg.Domain]},
		Pulse: f.announcer, TTL: f.cfg.TTL, Deadline: cfg.Deadline, Log: f.log,
	})
	g.leader = rollout.NewLeader(rollout.LeaderConfig{
		Store: f.store, Set: set, Who: me.ID, Policy: rolloutPolicy(cfg, f.cfg.TTL, i.window("")), Limit: cfg.MaxBytes, Window: i.longestWindow(),
		Office: office{f.candidate, f.cfg.Service}, Crew: crew{f.roster, name, cfg.Domain}, Edits: &g.edits, Log: f.log,
	})
	if r, err := readRelease(i.prog.cfg.StateDir, name); err == nil {
		if values, err := valuesOf(r); err == nil {
			g.kept, g.releases[r.ID()] = r.ID(), made{r, values}
		}
	}
	f.work.Go(func() { g.seat.Run(f.ctx) })
	f.office.Go(func() { g.leader.Run(f.duties) })
	f.work.Go(g.settle)
	return g
}

// settle says what became of a former life, and then follows the target.
func (g *rolling) settle() {
	ctx := g.fleet.ctx
	if g.seat.Recover(ctx) != nil {
		return // it ends
	}
	g.fleet.tell(func() { g.settled = true })
	for ctx.Err() == nil {
		_, _, changed := g.seat.Target("")
		select {
		case <-changed:
			g.fleet.tell(func() {}) // the step that follows looks
		case <-ctx.Done():
		}
	}
}

// adopt makes these the sets that change with the rollout.
func (g *rolling) adopt(sets []*set) {
	g.replace(sets)
	g.stale, g.ready = true, ""
	for _, s := range sets {
		s.rolling = g
	}
}

func (g *rolling) units() []*unit {
	var all []*unit
	for _, s := range g.sets {
		all = append(all, s.units...)
	}
	return all
}

// complete reports whether every unit has a rendering of what the sources say.
func (g *rolling) complete() bool {
	return !slices.ContainsFunc(g.units(), func(u *unit) bool {
		return !u.executed || u.dirty || len(u.missing) > 0 || u.err != nil
	})
}

// steer looks what is to run, makes it, and asks for the right to change to it.
func (g *rolling) steer(i *instance, now time.Time) {
	g.see(i)
	target := g.aim(i, now)
	if target != g.target {
		g.target = target
		g.fleet.aims.Store(g.name, target)
		g.giveUp()
	}
	g.render(i)
	switch {
	case i.applier.busy || g.leaving:
	case g.pass != nil && !g.entitled():
		g.leave(i, rollout.Verdict{Result: rollout.Skipped, Running: g.running})
	case g.ready != g.target || g.target == "":
	case g.pass != nil:
		g.end(i)
	case g.alone():
		if !g.differs(i, now) {
			g.running = g.target
		}
	case g.running == "":
		g.found(i, now)
	case g.entering != nil, g.expects(now):
	case g.target != g.running || g.differs(i, now):
		g.enter(i)
	}
}
