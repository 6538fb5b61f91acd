package agent

import (
	"fmt"
	"strings"
	"time"

	"concierge/internal/exit"
)

// needsPatience is how long the process waits for jobs before the log says so.
const needsPatience = 5 * time.Second

// needs is how long the process has been waiting for jobs.
type needs struct {
	since time.Time // zero: it does not
	told  bool
}

// needsMet reports whether what the process needs is there.
func (i *instance) needsMet() bool {
	n := i.prog.process.Plan.Needs
	return len(n) == 0 || len(i.applier.Jobs.Unmet(n)) == 0
}

// explainNeeds says what the process waits for, and ends concierge when that
// takes too long.
func (i *instance) explainNeeds(now time.Time) {
	if i.prog.process == nil || i.handover.taken != nil || i.needsMet() || !i.filesComing(nil) {
		i.needs = needs{}
		return
	}
	if i.needs.since.IsZero() {
		i.needs.since = now
	}
	open := i.applier.Jobs.Unmet(i.prog.process.Plan.Needs)
	if !i.needs.told && now.Sub(i.needs.since) >= needsPatience {
		i.needs.told = true
		i.log.Warn("process waits for jobs", "waits_for", open)
	}
	if patience := i.prog.process.Plan.Patience; patience > 0 && now.Sub(i.needs.since) >= patience {
		i.fatal = exit.With(exit.Failed, fmt.Errorf("the process has waited for %s: %s (see process.start_timeout)",
			patience, strings.Join(open, ", ")))
	}
}

// needsAt returns when explainNeeds has something to say next; zero if it has
// not.
func (i *instance) needsAt() time.Time {
	if i.needs.since.IsZero() {
		return time.Time{}
	}
	told, end := i.needs.since.Add(needsPatience), i.needs.since.Add(i.prog.process.Plan.Patience)
	switch {
	case i.needs.told && end.Equal(i.needs.since):
		return time.Time{} // for ever
	case i.needs.told, end.Before(told) && end.After(i.needs.since):
		return end
	}
	return told
}
