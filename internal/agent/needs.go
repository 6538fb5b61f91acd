package agent

import (
	"fmt"
	"strings"
	"time"

	"concierge/internal/exit"
)

// needing is how the process waits for the jobs that it needs, once nothing
// else holds it back.
type needing struct {
	since  time.Time // zero: it does not
	told   bool      // the log says what for
	parked bool      // it has waited for too long, and is not started any more
}

// needsMet reports whether what the process needs is there.
func (i *instance) needsMet() bool {
	needs := i.prog.process.Plan.Needs
	return len(needs) == 0 || len(i.applier.Jobs.Unmet(needs)) == 0
}

// noteNeeds says what the process waits for, and gives it up when it has waited
// for too long.
func (i *instance) noteNeeds(now time.Time) {
	n := &i.needing
	if i.prog.process == nil || i.handover.taken != nil || !i.following.begun || i.needsMet() {
		*n = needing{parked: n.parked}
		return
	}
	plan := i.prog.process.Plan
	if n.since.IsZero() {
		n.since = now
	}
	waited, open := now.Sub(n.since), i.applier.Jobs.Unmet(plan.Needs)
	switch {
	case n.parked:
	case plan.Patience > 0 && waited >= plan.Patience && plan.Restart.End:
		i.fatal = exit.With(exit.Failed, fmt.Errorf("process has waited %s for %s (see process.start_timeout)",
			waited.Round(time.Millisecond), strings.Join(open, " and ")))
	case plan.Patience > 0 && waited >= plan.Patience:
		n.parked = true
		i.log.Error("process has waited for too long and is given up (see process.start_timeout)", "waits_for", open)
	case waited >= explainAfter && !n.told:
		n.told = true
		i.log.Warn("process waits for jobs", "waits_for", open)
	}
}

// needsAt returns when noteNeeds has something to say next.
func (i *instance) needsAt() (first time.Time) {
	n := i.needing
	if n.since.IsZero() || n.parked {
		return first
	}
	if !n.told {
		first = n.since.Add(explainAfter)
	}
	if most := i.prog.process.Plan.Patience; most > 0 && (first.IsZero() || n.since.Add(most).Before(first)) {
		first = n.since.Add(most)
	}
	return first
}
