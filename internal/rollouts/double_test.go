package rollouts

import (
	"context"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/cluster/rollout"
)

// double stands for an instance: it does to the store what one does, and
// nothing else.
type double struct {
	store     cluster.Store
	announcer *member.Announcer
	candidate *election.Candidate
	roster    *member.Roster
	seat      *rollout.Seat
	leader    *rollout.Leader
	leads     chan bool // one slot

	mu   sync.Mutex
	runs string // guarded by mu
}

// live is what the sources say to all of them.
type live struct {
	mu      sync.Mutex
	release rollout.Release // guarded by mu
}

func (l *live) set(value string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release = rollout.Release{Templates: []string{"app"}, Values: map[string][]byte{"key": []byte(value)}}
}

// Live implements [rollout.Edits].
func (l *live) Live() (rollout.Live, rollout.Release) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return rollout.Live{Release: l.release.ID()}, l.release
}

func (l *live) id() string {
	now, _ := l.Live()
	return now.Release
}

// newDouble makes a double with a client of its own.
func (s *simulation) newDouble(store cluster.Store, id string) *double {
	s.tb.Helper()
	d := &double{store: store, leads: make(chan bool, 1)}
	var err error
	if d.announcer, err = member.New(member.Config{Store: store, Service: service, Instance: member.Instance{ID: id}}); err != nil {
		s.tb.Fatal(err)
	}
	me := d.announcer.Instance()
	d.roster = &member.Roster{Store: store, Service: service, Changed: func([]member.Peer) { d.leader.Nudge() }}
	d.candidate, err = election.New(election.Config{
		Store: store, Sessions: d.announcer, Service: service, ID: id, Incarnation: me.Incarnation,
		Changed: func(_ cluster.Version, leading bool) { d.elected(leading) },
	})
	if err != nil {
		s.tb.Fatal(err)
	}
	d.seat = rollout.NewSeat(rollout.SeatConfig{
		Store: store, Set: set, Self: rollout.Instance{ID: id, Incarnation: me.Incarnation}, Pulse: d.announcer, TTL: 15 * time.Second, Log: discard,
	})
	d.leader = rollout.NewLeader(rollout.LeaderConfig{
		Store: store, Set: set, Who: id, Policy: s.plan, Office: d, Crew: d, Edits: s.live, Log: discard,
	})
	s.all = append(s.all, d)
	return d
}

func (d *double) elected(leading bool) {
	select {
	case <-d.leads:
	default:
	}
	d.leads <- leading
	d.leader.Nudge()
}

// Term implements [rollout.Office].
func (d *double) Term() (cluster.Condition, bool) {
	term, leading := d.candidate.Leading()
	return cluster.Condition{Key: election.Key(service), Version: term}, leading
}

// Members implements [rollout.Crew].
func (d *double) Members() ([]rollout.Member, bool) {
	peers, current := d.roster.Peers()
	return members(peers), current
}

// Read implements [rollout.Crew].
func (d *double) Read(ctx context.Context) ([]rollout.Member, error) {
	peers, err := member.Read(ctx, d.store, service)
	return members(peers), err
}

func members(peers []member.Peer) []rollout.Member {
	all := make([]rollout.Member, len(peers))
	for i, p := range peers {
		all[i] = rollout.Member{ID: p.ID, Incarnation: p.Incarnation, Version: p.Reported}
		if p.Status != nil {
			all[i].Running = p.Status.Releases["app"]
		}
	}
	return all
}

func (d *double) running() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.runs
}

// run is the life of a double.
func (d *double) run(ctx context.Context) {
	var work sync.WaitGroup
	defer work.Wait()
	for _, part := range []func(context.Context){d.announcer.Run, d.candidate.Run, d.seat.Run, d.leader.Run, d.attend, d.follow} {
		work.Go(func() { part(ctx) })
	}
}

// attend follows the others while this one leads.
func (d *double) attend(ctx context.Context) {
	for {
		select {
		case leading := <-d.leads:
			for leading {
				leading = d.term(ctx)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (d *double) term(ctx context.Context) (leading bool) {
	ctx, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() { d.roster.Run(ctx) })
	select {
	case leading = <-d.leads:
	case <-ctx.Done():
	}
	return leading
}

// change is how long one takes.
const change = time.Second

// follow changes to the target, with a slot but for the first time.
func (d *double) follow(ctx context.Context) {
	if d.seat.Recover(ctx) != nil {
		return
	}
	for ctx.Err() == nil {
		running := d.running()
		target, _, changed := d.seat.Target(running)
		if target == running {
			select {
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		d.change(ctx, running, target)
	}
}

func (d *double) change(ctx context.Context, running, target string) {
	verdict := rollout.Verdict{Result: rollout.Applied, Running: target, Took: change}
	if running == "" {
		d.tell(target)
		_ = d.seat.Report(ctx, target, verdict)
		return
	}
	pass, err := d.seat.Enter(ctx, running, target)
	if err != nil {
		return // the target is another one, or it is over
	}
	select {
	case <-time.After(change):
		d.tell(target)
	case <-pass.Context().Done():
		verdict = rollout.Verdict{Result: rollout.Skipped, Running: running}
	}
	_ = pass.Leave(ctx, verdict)
}

// tell says what runs.
func (d *double) tell(release string) {
	d.mu.Lock()
	d.runs = release
	d.mu.Unlock()
	d.announcer.Report(member.Status{Phase: "running", Health: "healthy", Releases: map[string]string{"app": release}})
}
