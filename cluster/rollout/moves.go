package rollout

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"concierge/cluster"
)

// ErrMove says that an operator's move does not fit the state of the rollout.
var ErrMove = errors.New("this cannot be done now")

func misfit(v View, move, hint string) error {
	if v.Version == cluster.Absent {
		return fmt.Errorf("%s set %s: %w: it has no rollout; is the name right?", move, v.Set, ErrMove)
	}
	return fmt.Errorf("%s set %s: %w: rollout %d is %s; %s", move, v.Set, ErrMove, v.Record.ID, v.Record.State, hint)
}

// Pause halts a rollout where it is. Changes back to the good release go on.
func Pause(v View, by By) (cluster.Txn, error) {
	if r := v.Record; r.State != Rolling && r.Cause != ByVisibility && r.Cause != ByWorld {
		return cluster.Txn{}, misfit(v, "pausing", "only one that is rolling can be paused")
	}
	return v.write(v.Record.pause(ByOperator, 0), by, cluster.Txn{}), nil
}

// Resume goes on after a pause, whatever it was for.
func Resume(v View, by By) (cluster.Txn, error) {
	if v.Record.State != Paused || v.Record.Cause == ByFailure {
		return cluster.Txn{}, misfit(v, "resuming", "only one that is paused can be resumed, and after the failure of a first release there has to be another one")
	}
	return v.write(v.Record.resume(), by, cluster.Txn{}), nil
}

// Abort gives a rollout up: the instances return to the good release, and the
// other one is not proposed again by itself.
func Abort(v View, by By) (cluster.Txn, error) {
	if !v.Record.forward() || v.Record.From == "" {
		return cluster.Txn{}, misfit(v, "aborting", "only one that is open and has a release to return to can be aborted")
	}
	return v.write(v.Record.refuse(v.Record.To).back(Aborted), by, cluster.Txn{}), nil
}

// Rollback returns to the release before. While the rollout is open it ends it
// as a failure does; when it is complete it begins one of its own, in one stage.
func Rollback(v View, p Policy, by By) (cluster.Txn, error) {
	r := v.Record
	switch {
	case r.forward() && r.From != "":
		return v.write(r.refuse(r.To).back(RolledBack), by, cluster.Txn{}), nil
	case r.State == Complete && r.From != "":
		next := r.refuse(r.To).succeed(r.From, p)
		next.Bad = slices.DeleteFunc(slices.Clone(next.Bad), func(id string) bool { return id == r.From })
		next.Stages = next.Stages[len(next.Stages)-1:]
		next.Cut = everybody
		next.Revisions = r.Revisions
		return v.write(next, by, cluster.Txn{}), nil
	}
	return cluster.Txn{}, misfit(v, "rolling back", "there is no release to return to")
}

// Promote goes to the last stage at once. The slots and the last bake remain.
func Promote(v View, by By) (cluster.Txn, error) {
	r := v.Record
	switch {
	case r.State == Paused:
		return cluster.Txn{}, misfit(v, "promoting", "resume it first (concierge rollout resume)")
	case r.State != Rolling:
		return cluster.Txn{}, misfit(v, "promoting", "only one that is rolling has stages to skip")
	case r.Last():
		return cluster.Txn{}, misfit(v, "promoting", "it is at its last stage already; the slots and the bake remain (cluster.rollouts.NAME.max_unavailable and bake)")
	}
	r.Stage, r.Cut = len(r.Stages)-1, everybody
	return v.write(r, by, cluster.Txn{}), nil
}

// Retry forgives a release that was refused: it may be proposed again. An empty
// release is the one that was refused last.
func Retry(v View, release string, by By) (cluster.Txn, error) {
	bad := v.Record.Bad
	if len(bad) == 0 {
		return cluster.Txn{}, misfit(v, "retrying", "there is nothing to retry, for no release was refused")
	}
	if release == "" {
		release = bad[len(bad)-1]
	}
	i := slices.Index(bad, release)
	if i < 0 {
		return cluster.Txn{}, misfit(v, "retrying", fmt.Sprintf("release %q is not among those that were refused: %s", release, strings.Join(bad, ", ")))
	}
	r := v.Record
	r.Bad = slices.Delete(slices.Clone(r.Bad), i, i+1)
	return v.annotate(r, by.said("retry of "+release), cluster.Txn{}), nil
}

// said is what was done, and the reason if one was given.
func (b By) said(what string) By {
	if b.Why != "" {
		what += ": " + b.Why
	}
	return By{b.Who, what}
}

// Freeze holds one instance, or with an empty id the whole set: what runs goes
// on, whatever the target. Who has a slot at that moment still ends its change.
func Freeze(v View, id string, h Hold) (cluster.Txn, error) {
	if v.Version == cluster.Absent {
		return cluster.Txn{}, misfit(v, "holding", "")
	}
	key := holdKey(v.Set, id)
	put := cluster.Write{Key: key, Value: encode(h)}
	by := By{h.By, h.Why}.said("hold of " + whom(id))
	return v.annotate(v.Record, by, v.over(id, key, put)), nil
}

// Thaw ends a hold.
func Thaw(v View, id string, by By) (cluster.Txn, error) {
	if _, ok := v.Holds[id]; !ok {
		return cluster.Txn{}, misfit(v, "releasing", whom(id)+" is not held; holds are shown by concierge rollout show")
	}
	key := holdKey(v.Set, id)
	return v.annotate(v.Record, by.said("end of the hold of "+whom(id)), v.over(id, key, cluster.Write{Key: key, Delete: true})), nil
}

// whom names who is held, in words.
func whom(id string) string { return cmp.Or(id, "all") }

func (v View) over(id, key string, w cluster.Write) cluster.Txn {
	return cluster.Txn{
		If:   []cluster.Condition{{Key: key, Version: v.Holds[id].At.Version}},
		Then: []cluster.Write{w},
	}
}
