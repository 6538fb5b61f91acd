package agent

import (
	"errors"
	"time"

	"concierge/internal/exit"
	"concierge/render"
	"concierge/sources"
)

// step does all that can be done without waiting: it renders what is due,
// tells the sources what is wanted, and hands over what is complete.
func (i *instance) step() {
	now := time.Now()
	i.following.changed = i.applier.Jobs.Changed() // before anything asks how jobs are
	i.renderDue(now)
	i.explain(now)
	if i.deps.changed {
		i.feeds.want(i.deps.bySource())
		i.snapshot = i.snapshot.Only(i.deps.used)
	}
	i.steerFleet(now)
	i.apply(now)
	i.noteAdopted()
	i.followJobs()
	i.tellFleet(now)
	i.noteNeeds(now)
	i.lookAround(now)
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
		if s.rolling != nil {
			continue // the fleet decides what is made of it
		}
		s.settle()
		if s.ready == s.applied {
			s.changedAt = time.Time{} // nothing comes of it
		}
		i.recall(s)
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
			u.waitFor(open, now)
			return
		}
	}
	u.dirty, u.executed = false, true
	began, before := time.Now(), u.sum
	result, err := u.source.Execute(i.lookup(u))
	watched := result.Used
	if len(result.Missing) > 0 || err != nil {
		watched = union(result.Used, u.source.Literals())
	}
	i.deps.watch(u, watched)
	u.waitFor(result.Missing, now)
	i.noteError(u, err)
	if u.set.rolling != nil {
		u.asks, u.set.rolling.stale = result.Used, true
	} else if err == nil && len(u.missing) == 0 {
		u.result, u.complete, u.sum, u.written = result, true, sumOf(result), new(bool)
	}
	i.noteRendering(u, before, began)
}

// lookup is what a unit is executed with.
func (i *instance) lookup(u *unit) render.Lookup {
	if u.set.rolling != nil {
		return still{i.snapshot}
	}
	return i.snapshot
}

// unanswered returns those of the queries that may still be answered soon.
func (i *instance) unanswered(queries []sources.Query) []render.Missing {
	var open []render.Missing
	for _, q := range queries {
		if _, ok := i.snapshot.Lookup(q); ok || i.outages.hold(q) {
			continue
		}
		if open == nil {
			open = make([]render.Missing, 0, len(queries))
		}
		open = append(open, render.Missing{Query: q})
	}
	return open
}

// noteError logs an error of a template, or that its guard holds it back, once
// and not at every execution. With once the error ends the instance and is told
// by that.
func (i *instance) noteError(u *unit, err error) {
	_, isHeld := errors.AsType[*heldError](err)
	_, wasHeld := errors.AsType[*heldError](u.err)
	switch {
	case i.o.once:
	case isHeld && !wasHeld:
		i.log.Error("guard holds the set back, its last output stays", "template", u.label, "set", u.set.name, "error", err)
	case wasHeld && err == nil && len(u.missing) == 0:
		i.log.Info("guard lets the set go", "template", u.label, "set", u.set.name)
	case err != nil && !isHeld && (u.err == nil || u.err.Error() != err.Error()):
		i.log.Error("template failed, its last output stays", "template", u.label, "error", err)
	}
	u.err = err
	if err != nil && !isHeld && (u.onError == "fail" || u.onError == "fail_first" && !u.complete && !i.live) {
		i.fatal = exit.With(exit.Failed, err)
	}
}

// take applies a batch of a source, and all further ones that wait already, so
// that what arrived together is rendered once.
func (i *instance) take(d delivery) {
	now := time.Now()
	for {
		if i.feeds.current(d) {
			i.takeUpdate(d.update, now)
		}
		select {
		case d = <-i.feeds.updates:
		default:
			return
		}
	}
}

func (i *instance) takeUpdate(u sources.Update, now time.Time) {
	for _, v := range u.Values {
		if v.Tainted {
			i.learn(v.Data)
		}
	}
	i.gauges.due = true
	if _, away := i.outages.away[u.Source]; away && u.Err == nil {
		i.own.Reconnected(u.Source, "lost")
	}
	i.outages.note(u)
	next, changed := i.snapshot.With(u.Values)
	i.own.Changed(u.Source, len(changed))
	i.snapshot = next
	for _, q := range changed {
		i.noteChange(q, now)
	}
	if u.Err != nil || len(u.Failed) > 0 {
		i.queueUnexecuted()
	}
}

// learn makes the strings of a secret known to the redactor, before anything
// can be computed from them or logged about it.
func (i *instance) learn(data any) {
	switch s := data.(type) {
	case *sources.SecretData:
		if s == nil {
			return // a write that nothing was said about
		}
		i.redactor.AddData(s.Data)
		if s.Auth != nil {
			i.redactor.Add(s.Auth.ClientToken)
		}
		if s.WrapInfo != nil {
			i.redactor.Add(s.WrapInfo.Token)
		}
	case *sources.Certificate:
		i.redactor.Add(s.Key)
	case *sources.LeafCertificate:
		i.redactor.Add(s.PrivateKeyPEM)
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

// rearm sets the timer to the earliest deadline that is still to come. One
// that has passed was acted on by this step, or waits for something that will
// wake the loop by itself.
func (i *instance) rearm(now time.Time) {
	next := now.Add(time.Hour)
	sooner := func(t time.Time) {
		if t.After(now) && t.Before(next) {
			next = t
		}
	}
	for _, s := range i.due {
		sooner(s.due)
	}
	for _, s := range i.prog.sets {
		sooner(s.retryAt)
		if s.past.unproven || s.past.untold {
			sooner(s.past.retryAt)
		}
	}
	if i.gauges.due {
		sooner(i.gauges.again())
	}
	sooner(i.handover.retryAt)
	sooner(i.explainAt())
	sooner(i.exhaustedAt())
	sooner(i.needsAt())
	for _, t := range i.fleet.times(now) {
		sooner(t)
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
