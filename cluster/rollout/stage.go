package rollout

import (
	"fmt"
	"slices"
)

// candidates are those who can show that the release is good: members that are
// neither held nor failed with it.
func (v View) candidates() []Member {
	var list []Member
	for _, m := range v.Members {
		if _, held := v.frozen(m.ID); !held && !v.failed(m.ID, m.Incarnation) {
			list = append(list, m)
		}
	}
	return list
}

// cut is the position up to which the cohort has to reach, so that as many as
// the stage wants are in it; in the last stage everybody is.
func (v View) cut() uint32 {
	r := v.Record
	if r.Last() {
		return everybody
	}
	places := make([]uint32, 0, len(v.Members))
	for _, m := range v.candidates() {
		places = append(places, position(r.Salt, m.ID))
	}
	if len(places) == 0 {
		return r.Cut
	}
	slices.Sort(places)
	want := r.Stages[r.Stage].up(len(places))
	return places[max(1, want)-1]
}

// settled says whether the stage is done: each candidate of the cohort runs the
// release in health, and nobody is in change. Nobody there proves nothing.
func (v View) settled() bool {
	cohort := slices.DeleteFunc(v.candidates(), func(m Member) bool { return !v.inCohort(m.ID) })
	return len(cohort) > 0 && len(v.Slots) == 0 && all(cohort, func(m Member) bool { return v.treated(m) && !m.Sick })
}

// treated says whether a member runs the release that is being tried, and is
// not in a change.
func (v View) treated(m Member) bool {
	_, changing := v.held(m.ID)
	return !changing && v.runs(m) == v.Record.To && !v.failed(m.ID, m.Incarnation)
}

// ill says whether a member reports that it is not healthy since its change: a
// status from before it says nothing.
func (v View) ill(m Member) bool { return m.Sick && m.Version > v.Acks[m.ID].At.Version }

// waiting is what a rollout waits for, in words.
func (t tick) waiting() string {
	r := t.Record
	switch {
	case t.Version == 0:
		return "nothing was proposed yet"
	case len(t.Slots) > 0:
		return fmt.Sprintf("%d in change", len(t.Slots))
	case r.State == Rolling && t.settled():
		return fmt.Sprintf("stage %d of %d bakes", r.Stage+1, len(r.Stages))
	case r.Open():
		return fmt.Sprintf("rollout %d is %s: %s", r.ID, r.State, r.Reason)
	}
	return "nothing to do"
}

func all(members []Member, ok func(Member) bool) bool {
	return !slices.ContainsFunc(members, func(m Member) bool { return !ok(m) })
}
