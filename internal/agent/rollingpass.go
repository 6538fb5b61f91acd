package agent

import (
	"context"
	"reflect"
	"slices"
	"time"

	"concierge/cluster/rollout"
)

// differs reports whether something of the target is not in place. What was
// undone here is left alone while the release stays the same.
func (g *rolling) differs(i *instance, now time.Time) bool {
	news := g.target != g.running
	return slices.ContainsFunc(g.sets, func(s *set) bool {
		switch {
		case s.env:
			return i.processDiffers(now, news)
		case s.ready == (digest{}) || s.ready == s.applied && !s.owed:
			return false
		}
		return news || !s.past.isBad(s.ready)
	})
}

// processDiffers reports whether the process runs otherwise than it is wanted to.
// What was not healthy before is not tried again for the same release, and is not
// there for a new one.
func (i *instance) processDiffers(now time.Time, news bool) bool {
	want, taken := i.process(nil), i.handover.taken
	if taken == nil || want == nil {
		return false
	}
	if news {
		return !reflect.DeepEqual(want, taken)
	}
	return i.handover.due(want, now, true)
}

// lets reports whether the sets may be put in place now.
func (g *rolling) lets() bool {
	if g == nil {
		return true
	}
	if g.ready == "" || g.ready != g.target {
		return false
	}
	return g.running == "" || g.alone() || g.pass != nil && !g.leaving && g.entitled()
}

// entitled reports whether the pass still gives the right to change to the
// target: it may be for another one, of which it has not heard yet.
func (g *rolling) entitled() bool { return g.right == g.target && g.pass.Context().Err() == nil }

// enter asks for a slot.
func (g *rolling) enter(i *instance) {
	ctx, cancel := context.WithCancel(g.fleet.ctx)
	g.entering = cancel
	running, target := g.running, g.target
	g.fleet.work.Go(func() {
		pass, err := g.seat.Enter(ctx, running, target)
		g.fleet.tell(func() {
			g.entering = nil
			if err == nil {
				g.pass, g.right, g.begun = pass, target, time.Now()
				g.fleet.log.Info("the instance has a slot, its change begins", "rollout", g.name, "from", running, "to", target)
				g.forgive(i)
			}
		})
		if g.fleet.ctx.Err() != nil && pass != nil {
			_ = pass.Leave(g.fleet.ctx, rollout.Verdict{Result: rollout.Skipped, Running: running}) // others see that it has ended
		}
	})
}

// forgive lets versions be tried that failed here before: the fleet has decided
// to try them.
func (g *rolling) forgive(i *instance) {
	if g.right == g.running {
		return // it is about a secret or a service, and was undone for its own sake
	}
	i.handover.bad, i.handover.suspect = nil, nil
	for _, s := range g.sets {
		s.past.bad = slices.DeleteFunc(s.past.bad, func(d digest) bool { return d == s.ready })
		s.failed, s.retryAt = digest{}, time.Time{}
	}
}

// giveUp ends what was asked for another target.
func (g *rolling) giveUp() {
	if g.entering != nil {
		g.entering()
	}
}
