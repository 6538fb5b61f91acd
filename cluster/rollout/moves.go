package rollout

import (
	"errors"
	"fmt"
	"slices"

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
	if r.State != Rolling || r.Last() {
		return cluster.Txn{}, misfit(v, "promoting", "only one that is rolling and not at its last stage can be promoted")
	}
	r.Stage, r.Cut = len(r.Stages)-1, everybody
	return v.write(r, by, cluster.Txn{}), nil
}

// Retry forgives a release that was refused: it may be proposed again.
func Retry(v View, release string, by By) (cluster.Txn, error) {
	i := slices.Index(v.Record.Bad, release)
	if i < 0 {
		return cluster.Txn{}, misfit(v, "retrying", fmt.Sprintf("release %q is not among those that were refused: %v", release, v.Record.Bad))
	}
	r := v.Record
	r.Bad = slices.Delete(slices.Clone(r.Bad), i, i+1)
	return v.write(r, by, cluster.Txn{}), nil
}

// Freeze holds one instance, or with an empty id the whole set: what runs goes
// on, whatever the target. Who has a slot at that moment still ends its change.
func Freeze(v View, id string, h Hold) (cluster.Txn, error) {
	if v.Version == cluster.Absent {
		return cluster.Txn{}, misfit(v, "holding", "")
	}
	key := holdKey(v.Set, id)
	put := cluster.Write{Key: key, Value: encode(h)}
	by := By{h.By, fmt.Sprintf("hold %q: %s", id, h.Why)}
	return v.write(v.Record, by, v.over(id, key, put)), nil
}

// Thaw ends a hold.
func Thaw(v View, id string, by By) (cluster.Txn, error) {
	if _, ok := v.Holds[id]; !ok {
		return cluster.Txn{}, misfit(v, "releasing", fmt.Sprintf("%q is not held", id))
	}
	key := holdKey(v.Set, id)
	return v.write(v.Record, By{by.Who, fmt.Sprintf("end of hold %q: %s", id, by.Why)}, v.over(id, key, cluster.Write{Key: key, Delete: true})), nil
}

func (v View) over(id, key string, w cluster.Write) cluster.Txn {
	return cluster.Txn{
		If:   []cluster.Condition{{Key: key, Version: v.Holds[id].At.Version}},
		Then: []cluster.Write{w},
	}
}
