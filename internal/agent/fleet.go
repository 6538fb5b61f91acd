package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"os"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"concierge/cluster"
	"concierge/cluster/census"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/internal/config"
	"concierge/reload/job"
)

// fleet is the instance among the others of its service. It belongs to the loop,
// except where it says otherwise.
type fleet struct {
	cfg       *config.Cluster
	log       *slog.Logger
	store     cluster.Store
	announcer *member.Announcer
	roster    *member.Roster
	candidate *election.Candidate
	rollings  map[string]*rolling // by name of the rollout
	told      member.Status       // what was reported last
	clerk     *census.Clerk
	registrar registrar // nil: others do not find the instance as a service
	hangUps   []func()  // what is to be closed at the end

	health  atomic.Pointer[string]             // for others; nil: it starts
	numbers atomic.Pointer[map[string]float64] // what was measured last of those that are told
	aims    sync.Map                           // releases by rollout, for others

	leads  chan bool   // one slot: whether the instance leads now
	news   chan func() // what the loop is told by goroutines of the fleet
	ctx    context.Context
	cancel context.CancelFunc
	duties context.Context
	retire context.CancelFunc
	office sync.WaitGroup // the duties: what needs the election
	work   sync.WaitGroup // what needs the announcer
	last   sync.WaitGroup // the announcer, which goes last
	leave  context.CancelFunc
}

// joinFleet makes the instance a member of its service, if it has one.
func (i *instance) joinFleet() error {
	cfg := i.prog.cfg.Cluster
	if cfg == nil || i.o.once || i.o.dry {
		return nil
	}
	f := &fleet{cfg: cfg, log: i.log, store: newFleetStore(i.prog.cfg, i.log), news: make(chan func()), leads: make(chan bool, 1), rollings: make(map[string]*rolling)}
	announcer, err := member.New(member.Config{
		Store: f.store, Service: cfg.Service, Instance: self(cfg, i.version()), TTL: cfg.TTL, Log: i.log,
	})
	if err != nil {
		return err
	}
	f.announcer = announcer
	me := announcer.Instance()
	f.roster = &member.Roster{Store: f.store, Service: cfg.Service, Log: i.log, Changed: func([]member.Peer) { f.nudge() }}
	f.candidate, err = election.New(election.Config{
		Store: f.store, Sessions: announcer, Service: cfg.Service, ID: me.ID, Incarnation: me.Incarnation, TTL: cfg.TTL,
		Changed: func(_ cluster.Version, leading bool) { f.elected(leading); f.nudge() }, Log: i.log,
	})
	if err != nil {
		return err
	}
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.duties, f.retire = context.WithCancel(f.ctx)
	var announcing context.Context
	announcing, f.leave = context.WithCancel(context.Background())
	f.last.Go(func() { announcer.Run(announcing) })
	i.fleet = f
	if err := errors.Join(f.count(i), f.announce(i)); err != nil {
		return err
	}
	f.work.Go(f.attend)
	f.work.Go(func() { f.candidate.Run(f.ctx) })
	i.shared.Store(f)
	f.adopt(i)
	return nil
}

// version is that of this build.
func (i *instance) version() string {
	if i.o.Control == nil {
		return ""
	}
	return i.o.Control.Version
}

// self is who the configuration says this is.
func self(cfg *config.Cluster, version string) member.Instance {
	host, _ := os.Hostname() // without one the setting has to name the instance
	ports := make(map[string]int, len(cfg.Ports))
	for name, port := range cfg.Ports {
		ports[name], _ = strconv.Atoi(port) // it was checked
	}
	return member.Instance{
		ID: cmp.Or(cfg.Instance, host), Host: host, Address: cmp.Or(cfg.Address, ownAddress()), Ports: ports,
		Labels: cfg.Labels, Version: version,
	}
}

// ownAddress is the first address of the machine that others may reach.
func ownAddress() string {
	addresses, _ := net.InterfaceAddrs() // none is known without them
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	return ""
}

// adopt makes the rollouts those of the program in force.
func (f *fleet) adopt(i *instance) {
	if f == nil {
		return
	}
	if !reflect.DeepEqual(f.cfg, i.prog.cfg.Cluster) {
		f.log.Warn("another cluster section counts from the next start of concierge")
	}
	for _, name := range slices.Sorted(maps.Keys(f.cfg.Rollouts)) {
		sets := rolledSets(i.prog, f.cfg.Rollouts[name])
		g := f.rollings[name]
		if g == nil {
			g = f.newRolling(i, name)
			f.rollings[name] = g
			f.warn(i, name, sets)
		}
		g.adopt(sets)
	}
}

// warn says what is allowed and probably not meant.
func (f *fleet) warn(i *instance, name string, sets []*set) {
	if label := f.cfg.Rollouts[name].Domain; label != "" && f.cfg.Labels[label] == "" {
		f.log.Warn("the instance has no label for the failure domain, it shares one with all that have none",
			"rollout", name, "hint", "add cluster.labels."+label)
	}
	p := i.prog.cfg.Process
	seen := p != nil && (p.Health != nil || p.Readiness != nil)
	if !seen && !slices.ContainsFunc(sets, func(s *set) bool { return len(s.health) > 0 }) {
		f.log.Warn("a rollout without a health check stops for changes that cannot be made, not for those that do harm",
			"rollout", name, "hint", "add process.health, or health to a section of sets")
	}
}

// rolledSets are the sets of a program that change with a rollout.
func rolledSets(prog *program, r *config.Rollout) []*set {
	var sets []*set
	for _, s := range prog.sets {
		name := s.name
		if s.env {
			name = config.ProcessName
		}
		if len(r.Sets) == 0 || slices.Contains(r.Sets, name) {
			sets = append(sets, s)
		}
	}
	return sets
}

// nudge has the leaders look. It may be called by others.
func (f *fleet) nudge() {
	select {
	case <-f.ctx.Done():
	default:
		f.tell(func() {
			f.clerk.Nudge()
			for _, g := range f.rollings {
				g.leader.Nudge()
			}
		})
	}
}

// tell has the loop do something, in its own time. It may be called by others,
// and blocks until then.
func (f *fleet) tell(do func()) {
	select {
	case f.news <- do:
	case <-f.ctx.Done():
	}
}

// changes is what the loop waits for; nil without a fleet.
func (f *fleet) changes() <-chan func() {
	if f == nil {
		return nil
	}
	return f.news
}

// away reports whether the store has been silent for so long that the others
// may think this instance dead.
func (f *fleet) away() bool { return f.announcer.Fresh() > 2*f.cfg.TTL }

// times are when the silence of the store means something else, of which nothing
// tells: that it counts as away, that an instance starts without it, or that the
// files of a release do not come.
func (f *fleet) times(now time.Time) (all []time.Time) {
	if f == nil {
		return nil
	}
	const after = time.Millisecond // such times have to be over
	if fresh := f.announcer.Fresh(); f.cfg.WhenAway == "alone" && fresh <= 2*f.cfg.TTL {
		all = append(all, now.Add(2*f.cfg.TTL-fresh+after))
	}
	for _, g := range f.rollings {
		if g.running == "" && !g.waiting.IsZero() {
			all = append(all, g.waiting.Add(explainAfter+after), g.waiting.Add(f.cfg.TTL+after))
		}
		if end := g.lacking.Add(g.cfg.Deadline); !g.lacking.IsZero() && !now.After(end) {
			all = append(all, end.Add(after))
		}
	}
	return all
}

// steerFleet steers the rollouts.
func (i *instance) steerFleet(now time.Time) {
	if i.fleet == nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(i.fleet.rollings)) {
		i.fleet.rollings[name].steer(i, now)
	}
}

// tellFleet tells the others how the instance is. It is the last of a step: what
// that has begun, and what has ended by it, is no news to the next one.
func (i *instance) tellFleet(now time.Time) {
	f := i.fleet
	if f == nil {
		return
	}
	s := i.fleetStatus()
	f.tellHealth(s)
	if n := f.numbers.Load(); n != nil {
		s.Numbers = *n
	}
	s.Since = f.told.Since
	if s.Health != f.told.Health {
		s.Since = now
	}
	if !reflect.DeepEqual(s, f.told) {
		f.told = s
		f.announcer.Report(s)
	}
}

// tellHealth tells those who find the instance as a service. While it is in
// change it is as it was before.
func (f *fleet) tellHealth(s member.Status) {
	known := f.health.Load()
	if s.Health == unknown && known != nil || known != nil && *known == s.Health {
		return
	}
	f.health.Store(&s.Health)
	if f.registrar != nil {
		f.registrar.Nudge()
	}
}

// The phases and healths of an instance, as others see them.
const (
	phaseStarting = "starting"
	phaseRunning  = "running"
	phaseChanging = "changing"
	phaseStopping = "stopping"

	healthy   = "healthy"
	unhealthy = "unhealthy"
	unknown   = "unknown"
)

// fleetStatus is how the instance is.
func (i *instance) fleetStatus() member.Status {
	main := i.applier.Jobs.Main().Status()
	s := member.Status{Phase: phaseRunning, Health: i.healthOf(main), Restarts: main.Restarts, Releases: make(map[string]string), Notes: make(map[string]string)}
	switch {
	case i.stopping:
		s.Phase = phaseStopping
	case !i.prog.adopted:
		s.Phase = phaseStarting
	case i.applier.busy:
		s.Phase = phaseChanging
	}
	for name, g := range i.fleet.rollings {
		if g.running != "" {
			s.Releases[name] = g.running
		}
		if g.pass != nil {
			s.Phase = phaseChanging
		}
		if note := g.note(); note != "" {
			s.Notes[name] = note
		}
	}
	return s
}

// healthOf is what others are told of the process.
func (i *instance) healthOf(main job.Status) string {
	switch {
	case !i.prog.adopted || i.applier.busy:
		return unknown
	case i.prog.process == nil:
		return healthy
	case main.State == job.Unhealthy, main.State == job.Backoff, main.State == job.GaveUp, main.State == job.Stopped:
		return unhealthy
	case main.State == job.Starting, main.State == job.Idle, main.State == job.Waiting, main.State == job.Stopping:
		return unknown
	case !i.processReady():
		return unhealthy
	}
	return healthy
}

// farewellTimeout bounds what is said to the others before the end, and
// partingTimeout all of the end: with a store that is silent each further
// request would take its own time, and nobody is there to hear it.
const (
	farewellTimeout = 2 * time.Second
	partingTimeout  = 4 * time.Second
)

// close takes the instance out of its service and leaves its last words.
func (f *fleet) close(status int) {
	if f == nil {
		return
	}
	words := member.LastWords{ExitCode: status, When: time.Now(), Releases: f.told.Releases}
	f.announcer.LastWords(words)
	ctx, cancel := context.WithTimeout(context.Background(), farewellTimeout)
	defer cancel()
	hangUp := time.AfterFunc(partingTimeout, func() { _ = f.store.Close() }) // requests under way end with it
	defer hangUp.Stop()
	for _, g := range f.rollings {
		g.depart(ctx)
	}
	f.retire()
	f.office.Wait()
	f.cancel()
	f.work.Wait()
	f.leave()
	f.last.Wait()
	for _, hangUp := range f.hangUps {
		hangUp()
	}
	if err := f.store.Close(); err != nil && !errors.Is(err, errFleetClosed) {
		f.log.Warn("the cluster's store was not closed properly", "error", fmt.Sprint(err))
	}
}
