package agent

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"concierge/cluster/rollout"
	"concierge/reload"
)

// found says what runs when nothing had to be put in place at the start: the
// files of a former life were what they should be.
func (g *rolling) found(i *instance, now time.Time) {
	if i.prog.adopted && i.processReady() && !g.differs(i, now) {
		g.handed = g.ready
		g.leave(i, rollout.Verdict{Result: rollout.Applied, Running: g.ready})
	}
}

// end gives a pass back that nothing is left to do with.
func (g *rolling) end(i *instance) {
	if !g.differs(i, time.Now()) {
		g.leave(i, rollout.Verdict{Result: rollout.Applied, Running: g.target, Took: time.Since(g.begun)})
	}
}

// leave gives the pass back, or, at the start, says how it went.
func (g *rolling) leave(i *instance, v rollout.Verdict) {
	if v.Result != rollout.Skipped {
		g.running = v.Running
		g.keep(i)
	}
	g.leaving = true
	pass, release, f := g.pass, g.handed, g.fleet
	f.log.Info("the change is over", "rollout", g.name, "result", v.Result, "running", v.Running, "slot", pass != nil)
	f.work.Go(func() {
		var err error
		if pass != nil {
			err = pass.Leave(f.ctx, v)
		} else {
			err = g.seat.Report(f.ctx, release, v)
		}
		f.tell(func() {
			g.pass, g.leaving = nil, false
			if err != nil {
				f.log.Warn("what became of a change was not told", "rollout", g.name, "error", err)
			}
		})
	})
}

// judge is what became of the sets of the rollout in a generation; ok is false
// if there is nothing to say yet. It is about the release that was handed over:
// the target may be another one since.
func (g *rolling) judge(i *instance, r reload.Report, results []reload.Result) (v rollout.Verdict, ok bool) {
	v = rollout.Verdict{Result: rollout.Applied, Running: g.handed, Took: time.Since(g.begun)}
	note := func(result rollout.Result, running string, err error) {
		v.Result, v.Running = result, running
		if err != nil {
			v.Evidence = evidence(i.redactor.Redact(err.Error()))
		}
	}
	for _, one := range results {
		switch {
		case errors.Is(one.Err, rollout.ErrFenced), errors.Is(one.Err, rollout.ErrTarget):
			return rollout.Verdict{Result: rollout.Skipped, Running: g.running}, true // the release is not to blame
		case one.Stuck:
			note(rollout.Broken, g.handed, one.Err)
		case one.Err != nil:
			note(rollout.Reverted, g.running, one.Err)
		case one.ActionErr != nil && v.Result == rollout.Applied:
			note(rollout.Broken, g.handed, one.ActionErr)
		}
	}
	if r.ProcessErr != nil && v.Result == rollout.Applied {
		note(rollout.Reverted, g.running, r.ProcessErr)
	}
	return v, v.Result != rollout.Applied || g.handed != g.ready || !g.differs(i, time.Now())
}

// evidence is a text as it is kept in the store: one line, not too long.
func evidence(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.ToValidUTF8(text[:min(len(text), 300)], "")
}

// noteRolled tells the rollouts what became of a generation.
func (i *instance) noteRolled(r reload.Report) {
	if i.fleet == nil {
		return
	}
	results := make(map[*rolling][]reload.Result)
	for n, a := range i.applier.applied {
		if g := a.set.rolling; g != nil {
			results[g] = append(results[g], r.Results[n])
		}
	}
	for _, g := range i.fleet.rollings {
		of, had := results[g]
		if had = had || i.applier.offered != nil && g.has(i.prog.env); !had || g.leaving {
			continue
		}
		if g.pass == nil && g.running != "" {
			continue // alone
		}
		v, ok := g.judge(i, r, of)
		if first := g.running == "" && v.Result == rollout.Applied; first && !i.processReady() {
			continue // found says so once the checks have
		}
		if ok {
			g.leave(i, v)
		}
	}
}

func (g *rolling) has(s *set) bool { return s != nil && slices.Contains(g.sets, s) }

// depart says, before the instance is stopped, that it was not the release.
func (g *rolling) depart(ctx context.Context) {
	v := rollout.Verdict{Result: rollout.Left, Running: g.running}
	var err error
	switch {
	case g.leaving || g.running == "":
	case g.pass != nil:
		err = g.pass.Leave(ctx, v)
	default:
		err = g.seat.Report(ctx, g.running, v)
	}
	if err != nil {
		g.fleet.log.Warn("the fleet was not told of the stop", "rollout", g.name, "error", err)
	}
}
