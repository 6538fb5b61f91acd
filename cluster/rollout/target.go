package rollout

import (
	"fmt"

	"concierge/cluster"
)

// Instance is what an instance knows of itself.
type Instance struct {
	ID          string
	Incarnation string
	Domain      string
	// Seen is the entry by which the others see that it is there. Who is not
	// there may not change: his slot would be taken for that of a dead one.
	Seen    cluster.Condition
	Running string // the release that it runs and that is healthy; empty if nothing runs yet
}

// Target is the release that an instance should run, and why. It is empty while
// nobody knows: then what runs goes on. An instance on which nothing runs yet
// starts from the release that is good, and takes a newer one like anybody else.
func Target(v View, me Instance) (release, why string) {
	r := v.Record
	hold, held := v.frozen(me.ID)
	switch {
	case v.Version == cluster.Absent:
		return me.Running, "no rollout was begun yet: the leader has to see the set first"
	case me.Running == "":
		return r.Base(), "an instance starts from the release that is good"
	case held:
		return me.Running, fmt.Sprintf("held by %s: %s", hold.By, hold.Why)
	case !r.forward():
		return r.Base(), fmt.Sprintf("rollout %d is %s: %s", r.ID, r.State, r.Reason)
	case !v.inCohort(me.ID):
		return r.Base(), fmt.Sprintf("rollout %d is at stage %d of %d, and its turn comes later", r.ID, r.Stage+1, len(r.Stages))
	case v.failed(me.ID, me.Incarnation):
		return r.Base(), fmt.Sprintf("it failed with %s in rollout %d: %s", r.To, r.ID, v.Acks[me.ID].Evidence)
	default:
		return r.To, fmt.Sprintf("rollout %d, stage %d of %d", r.ID, r.Stage+1, len(r.Stages))
	}
}
