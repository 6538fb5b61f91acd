package agent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"concierge/internal/admin"
	"concierge/reload/job"
)

const (
	// beatEvery is how often the loop shows that it could turn, if nothing
	// happens.
	beatEvery = 10 * time.Second
	// stuckAfter is how old the last turn of a loop may be that works.
	stuckAfter = 30 * time.Second
)

// vitals are what others may know of the loop without asking it. All methods
// may be called concurrently.
type vitals struct {
	turned atomic.Int64 // of the loop's last turn, in ns since 1970; 0: none yet
	seen   atomic.Pointer[sight]
	main   *job.Job
}

// sight is what the loop has seen at its last look around.
type sight struct {
	parts     []admin.Part
	process   bool                 // there is one
	away      map[string]time.Time // sources, and since when
	staleness time.Duration        // for how long they may be away; 0 is for ever
}

// turn notes that the loop turns.
func (v *vitals) turn() { v.turned.Store(time.Now().UnixNano()) }

// see publishes what the loop has seen.
func (v *vitals) see(s *sight) { v.seen.Store(s) }

// Live implements [admin.Health]: only the loop counts, since an outage of a
// store must not restart every container.
func (v *vitals) Live() admin.Verdict {
	since := time.Since(time.Unix(0, v.turned.Load()))
	return admin.VerdictOf(admin.Part{
		Name: "loop", OK: since < stuckAfter, Detail: fmt.Sprintf("turned %s ago", since.Round(time.Second)),
	})
}

// Ready implements [admin.Health]: everything was applied once, the process
// runs and its checks pass. Data that is old is good enough unless the
// configuration says otherwise.
func (v *vitals) Ready() admin.Verdict {
	s := v.seen.Load()
	if s == nil {
		return admin.VerdictOf(admin.Part{Name: "start", Detail: "not done yet"})
	}
	parts := slices.Clone(s.parts)
	if s.process {
		status := v.main.Status()
		parts = append(parts, admin.Part{Name: "process", OK: status.Ready, Detail: string(status.State)})
	}
	return admin.VerdictOf(append(parts, s.stores(time.Now())...)...)
}

// stores are the sources that are away.
func (s *sight) stores(now time.Time) []admin.Part {
	var parts []admin.Part
	for name, since := range s.away {
		age := now.Sub(since)
		parts = append(parts, admin.Part{
			Name: "source " + name, OK: s.staleness == 0 || age <= s.staleness,
			Detail: fmt.Sprintf("away for %s", age.Round(time.Second)),
		})
	}
	slices.SortFunc(parts, func(a, b admin.Part) int { return cmp.Compare(a.Name, b.Name) })
	return parts
}

// sight is what counts for readiness and belongs to the loop.
func (i *instance) sight() *sight {
	s := &sight{process: i.prog.process != nil, staleness: i.prog.cfg.Admin.MaxStaleness, away: make(map[string]time.Time)}
	for name, o := range i.outages.away {
		s.away[name] = o.since
	}
	outputs := admin.Part{Name: "outputs", OK: i.ready, Detail: "all were in place"}
	if !i.ready {
		outputs.Detail = i.open()
	}
	s.parts = []admin.Part{outputs}
	if i.maintenance {
		s.parts = append(s.parts, admin.Part{Name: "maintenance", Detail: "an operator asked for it"})
	}
	if i.stopping {
		s.parts = append(s.parts, admin.Part{Name: "stopping", Detail: "everything is being ended"})
	}
	return s
}

// mostOpen bounds how many sets a verdict names.
const mostOpen = 10

// open names the sets that are not in place.
func (i *instance) open() string {
	var names []string
	for _, s := range i.prog.sets {
		if !s.env && !s.inPlace() || s.env && s.ready == (digest{}) {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 {
		return "waiting for the process"
	}
	more := ""
	if len(names) > mostOpen {
		names, more = names[:mostOpen], fmt.Sprintf(" and %d more", len(names)-mostOpen)
	}
	return i.shown("not in place: " + strings.Join(names, ", ") + more)
}
