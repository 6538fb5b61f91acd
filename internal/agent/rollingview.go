package agent

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/cluster/rollout"
	"concierge/internal/config"
)

// edits is what the sources say, for the leader.
type edits struct {
	mu      sync.Mutex
	live    rollout.Live    // guarded by mu
	release rollout.Release // guarded by mu
}

// Live implements [rollout.Edits].
func (e *edits) Live() (rollout.Live, rollout.Release) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.live, e.release
}

// set notes what the sources say.
func (e *edits) set(id string, r rollout.Release) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.live, e.release = rollout.Live{Release: id}, r
}

// office is the election as a leader sees it.
type office struct {
	candidate *election.Candidate
	service   string
}

// Term implements [rollout.Office].
func (o office) Term() (cluster.Condition, bool) {
	term, leading := o.candidate.Leading()
	return cluster.Condition{Key: election.Key(o.service), Version: term}, leading
}

// crew is the instances of the service as a rollout sees them.
type crew struct {
	roster *member.Roster
	name   string // of the rollout
	domain string // label that names the failure domain
}

// Members implements [rollout.Crew].
func (c crew) Members() ([]rollout.Member, bool) {
	peers, current := c.roster.Peers()
	return c.members(peers), current
}

// Read implements [rollout.Crew].
func (c crew) Read(ctx context.Context) ([]rollout.Member, error) {
	peers, err := member.Read(ctx, c.roster.Store, c.roster.Service)
	return c.members(peers), err
}

func (c crew) members(peers []member.Peer) []rollout.Member {
	made := make([]rollout.Member, len(peers))
	for i, p := range peers {
		made[i] = rollout.Member{ID: p.ID, Incarnation: p.Incarnation, Domain: p.Labels[c.domain], Version: p.Reported}
		if p.Status != nil {
			made[i].Running, made[i].Sick = p.Status.Releases[c.name], p.Status.Health == unhealthy
		}
	}
	return made
}

// longestWindow is how long a change may be watched, with the look that follows a
// roll-back.
func (i *instance) longestWindow() time.Duration {
	longest := i.window("")
	for name := range i.prog.cfg.Sets {
		longest = max(longest, i.window(name))
	}
	return 2 * longest
}

// rolloutPolicy is how the configuration wants a rollout to go.
// ttl is that of the sessions, window how long a change is watched.
func rolloutPolicy(r *config.Rollout, ttl, window time.Duration) rollout.Policy {
	p := rollout.Policy{
		Bake: seconds(r.Bake), MaxUnavailable: amountOf(r.MaxUnavailable), Budget: r.Budget, Deadline: r.Deadline,
		Grace: max(rollout.DefaultGrace, ttl, 2*window),
	}
	for _, s := range r.Stages {
		p.Stages = append(p.Stages, rollout.Stage{Amount: amountOf(s.Instances), Bake: seconds(cmp.Or(s.Bake, r.Bake))})
	}
	switch {
	case len(r.Stages) > 0:
	case r.Canary == "0" || r.Canary == "0%":
		p.Stages = []rollout.Stage{{Amount: rollout.Amount{Permille: 1000}}}
	default:
		p.Stages = []rollout.Stage{{Amount: amountOf(r.Canary), Bake: seconds(r.Bake)}}
	}
	return p
}

// seconds is a duration as records have it, rounded up.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }

// amountOf reads a number or a percentage that was checked.
func amountOf(text string) rollout.Amount {
	n := 0
	for _, c := range strings.TrimSuffix(text, "%") {
		n = 10*n + int(c-'0')
	}
	if strings.HasSuffix(text, "%") {
		return rollout.Amount{Permille: 10 * n}
	}
	return rollout.Amount{Count: n}
}
