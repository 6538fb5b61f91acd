package rollout_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/cluster/rollout"
)

// fellow is one of them, as an agent would put it together.
type fellow struct {
	*fleet
	id        string
	store     cluster.Store
	announcer *member.Announcer
	candidate *election.Candidate
	seat      *rollout.Seat
	leader    *rollout.Leader
	end       context.CancelFunc
	done      sync.WaitGroup
	running   string // of its own goroutine
}

func (f *fleet) join(id string, store cluster.Store) *fellow {
	log := slog.New(slog.DiscardHandler)
	l := &fellow{fleet: f, id: id, store: store}
	var err error
	l.announcer, err = member.New(member.Config{Store: store, Service: service, Instance: member.Instance{ID: id}, TTL: ttl, Every: 50 * time.Millisecond, Log: log})
	if err != nil {
		f.Fatal(err)
	}
	life := l.announcer.Instance().Incarnation
	l.leader = rollout.NewLeader(rollout.LeaderConfig{
		Store: store, Set: set, Who: id, Office: l, Crew: l, Edits: l, Log: log, Window: 2 * time.Second,
		Policy: rollout.Policy{Bake: 1, MaxUnavailable: rollout.Amount{Count: allowed}, Budget: 1, Grace: time.Second},
	})
	l.candidate, err = election.New(election.Config{
		Store: store, Sessions: l.announcer, Service: service, ID: id, Incarnation: life, TTL: ttl,
		Changed: func(cluster.Version, bool) { l.leader.Nudge() }, Log: log,
	})
	if err != nil {
		f.Fatal(err)
	}
	l.seat = rollout.NewSeat(rollout.SeatConfig{Store: store, Set: set, Self: rollout.Instance{ID: id, Incarnation: life}, Pulse: l, TTL: ttl, Log: log})
	l.begin()
	return l
}

func (l *fellow) begin() {
	ctx, end := context.WithCancel(l.Context())
	l.end = end
	for _, run := range []func(context.Context){l.announcer.Run, l.candidate.Run, l.seat.Run, l.leader.Run, l.live} {
		l.done.Go(func() { run(ctx) })
	}
	l.Cleanup(l.kill)
}

// kill ends it as kill -9 does: its store hears nothing more of it.
func (l *fellow) kill() {
	_ = l.store.Close()
	l.end()
	l.done.Wait()
}

// Term is of rollout.Office.
func (l *fellow) Term() (cluster.Condition, bool) {
	term, ok := l.candidate.Leading()
	return cluster.Condition{Key: election.Key(service), Version: term}, ok
}

// Members is of rollout.Crew.
func (l *fellow) Members() ([]rollout.Member, bool) {
	list, err := l.Read(l.Context())
	return list, err == nil
}

// Read is of rollout.Crew.
func (l *fellow) Read(ctx context.Context) (list []rollout.Member, err error) {
	there, err := l.store.Read(ctx, "inst/"+service+"/")
	if err != nil {
		return nil, err
	}
	said, err := l.store.Read(ctx, "stat/"+service+"/")
	if err != nil {
		return nil, err
	}
	for _, e := range there.Entries {
		var i member.Instance
		var s member.Status
		_ = json.Unmarshal(e.Value, &i)
		stat := said.Get(member.StatusKey(service, i.ID))
		m := rollout.Member{ID: i.ID, Incarnation: i.Incarnation, Version: e.Version}
		if json.Unmarshal(stat.Value, &s) == nil && s.Incarnation == i.Incarnation {
			m.Running, m.Version = s.Releases[set], stat.Version
		}
		list = append(list, m)
	}
	return list, nil
}

// Live is of rollout.Edits.
func (l *fellow) Live() (rollout.Live, rollout.Release) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := release(l.fleet.live)
	return rollout.Live{Release: r.ID(), Revisions: map[string]uint64{"kv": l.at}}, r
}

// Fresh is of rollout.Pulse.
func (l *fellow) Fresh() time.Duration {
	now, cancel := context.WithCancel(l.Context())
	cancel() // it is not waited for
	if s, err := l.announcer.Session(now); err == nil {
		return s.Fresh()
	}
	return math.MaxInt64
}

// Seen is of rollout.Pulse.
func (l *fellow) Seen() cluster.Condition {
	key := member.InstanceKey(service, l.id)
	v, err := l.store.Read(l.Context(), key)
	var i member.Instance
	if e := v.Get(key); err == nil && json.Unmarshal(e.Value, &i) == nil && i.Incarnation == l.announcer.Instance().Incarnation {
		return cluster.Condition{Key: key, Version: e.Version}
	}
	return cluster.Condition{Key: key}
}

// live follows the target, as a supervisor would.
func (l *fellow) live(ctx context.Context) {
	if l.seat.Recover(ctx) != nil {
		return
	}
	for ctx.Err() == nil {
		target, _, changed := l.seat.Target(l.running)
		switch {
		case target == l.running:
		case l.running == "":
			l.runs(target)
			continue
		default:
			l.change(ctx, target)
		}
		soon := time.NewTimer(200 * time.Millisecond)
		select {
		case <-ctx.Done():
		case <-changed:
		case <-soon.C:
		}
		soon.Stop()
	}
}

func (l *fellow) runs(release string) {
	l.running = release
	l.announcer.Report(member.Status{Phase: "running", Health: "healthy", Releases: map[string]string{set: release}})
}

// change takes 300 ms, and text "bad" does not come up.
func (l *fellow) change(ctx context.Context, target string) {
	pass, err := l.seat.Enter(ctx, l.running, target)
	if err != nil {
		return
	}
	verdict := rollout.Verdict{Result: rollout.Skipped, Running: l.running}
	if r, err := rollout.Load(ctx, l.store, set, target); err == nil && pass.May() == nil {
		l.count(+1)
		time.Sleep(300 * time.Millisecond) // it is not available
		verdict = rollout.Verdict{Result: rollout.Applied, Running: target}
		if strings.HasPrefix(string(r.Values["kv(x)"]), "bad") {
			verdict = rollout.Verdict{Result: rollout.Reverted, Running: l.running, Evidence: "exit status 1"}
		}
		l.count(-1)
	}
	if pass.Leave(ctx, verdict) == nil {
		l.runs(verdict.Running)
	}
}
