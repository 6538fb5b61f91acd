package agent

import (
	"cmp"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/election"
	"concierge/cluster/member"
	"concierge/cluster/rollout"
	"concierge/internal/config"
	"concierge/reload"
	"concierge/sources"
)

// rolling is the part of an instance that changes with a rollout. It belongs to
// the loop, but for what goroutines tell it through the fleet.
type rolling struct {
	fleet  *fleet
	name   string
	cfg    *config.Rollout
	seat   *rollout.Seat
	leader *rollout.Leader
	edits  edits
	sets   []*set

	settled bool   // what became of a former life was said
	running string // the release that is in place and well; empty before the first
	target  string
	why     string
	ready   string // the release of the units' results; empty: of none
	stale   bool   // the units were executed since

	releases map[string]made // by id
	loading  string
	editions []edition // texts of releases that the units do not have any more
	lacking  time.Time // since when the texts of the target are waited for

	pass     *rollout.Pass
	right    string             // the release that the pass is for
	handed   string             // the release of what the supervisor has, or had last
	entering context.CancelFunc // nil: no slot is asked for
	leaving  bool
	begun    time.Time // of the change that the pass is for
	waiting  time.Time // since when nobody knows the target
	said     bool      // and the log has said so
	kept     string    // the release that a former life kept on disk
}

// made is a release with its values read.
type made struct {
	rollout.Release
	values map[string]sources.Value
}

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

// newRolling makes the part of a rollout and starts what it is made of.
func (f *fleet) newRolling(i *instance, name string) *rolling {
	cfg, me := f.cfg.Rollouts[name], f.announcer.Instance()
	set := f.cfg.Service + "." + name
	g := &rolling{fleet: f, name: name, cfg: cfg, stale: true, releases: make(map[string]made)}
	g.seat = rollout.NewSeat(rollout.SeatConfig{
		Store: f.store, Set: set, Self: rollout.Instance{ID: me.ID, Incarnation: me.Incarnation, Domain: me.Labels[cfg.Domain]},
		Pulse: f.announcer, TTL: f.cfg.TTL, Deadline: cfg.Deadline, Log: f.log,
	})
	g.leader = rollout.NewLeader(rollout.LeaderConfig{
		Store: f.store, Set: set, Who: me.ID, Policy: rolloutPolicy(cfg, f.cfg.TTL, i.window("")), Limit: cfg.MaxBytes, Window: i.longestWindow(),
		Office: office{f.candidate, f.cfg.Service}, Crew: crew{f.roster, name, cfg.Domain}, Edits: &g.edits, Log: f.log,
	})
	if r, err := readRelease(i.prog.cfg.StateDir, name); err == nil {
		if values, err := valuesOf(r); err == nil {
			g.kept, g.releases[r.ID()] = r.ID(), made{r, values}
		}
	}
	f.work.Go(func() { g.seat.Run(f.ctx) })
	f.office.Go(func() { g.leader.Run(f.duties) })
	f.work.Go(g.settle)
	return g
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

// settle says what became of a former life, and then follows the target.
func (g *rolling) settle() {
	ctx := g.fleet.ctx
	if g.seat.Recover(ctx) != nil {
		return // it ends
	}
	g.fleet.tell(func() { g.settled = true })
	for ctx.Err() == nil {
		_, _, changed := g.seat.Target("")
		select {
		case <-changed:
			g.fleet.tell(func() {}) // the step that follows looks
		case <-ctx.Done():
		}
	}
}

// adopt makes these the sets that change with the rollout.
func (g *rolling) adopt(sets []*set) {
	g.replace(sets)
	g.stale, g.ready = true, ""
	for _, s := range sets {
		s.rolling = g
	}
}

func (g *rolling) units() []*unit {
	var all []*unit
	for _, s := range g.sets {
		all = append(all, s.units...)
	}
	return all
}

// complete reports whether every unit has a rendering of what the sources say.
func (g *rolling) complete() bool {
	return !slices.ContainsFunc(g.units(), func(u *unit) bool {
		return !u.executed || u.dirty || len(u.missing) > 0 || u.err != nil
	})
}

// steer looks what is to run, makes it, and asks for the right to change to it.
func (g *rolling) steer(i *instance, now time.Time) {
	g.see(i)
	target := g.aim(i, now)
	if target != g.target {
		g.target = target
		g.fleet.aims.Store(g.name, target)
		g.giveUp()
	}
	g.render(i)
	switch {
	case i.applier.busy || g.leaving:
	case g.pass != nil && !g.entitled():
		g.leave(i, rollout.Verdict{Result: rollout.Skipped, Running: g.running})
	case g.ready != g.target || g.target == "":
	case g.pass != nil:
		g.end(i)
	case g.alone():
		if !g.differs(i, now) {
			g.running = g.target
		}
	case g.running == "":
		g.found(i, now)
	case g.entering != nil, g.expects(now):
	case g.target != g.running || g.differs(i, now):
		g.enter(i)
	}
}

// see notes what the sources say.
func (g *rolling) see(i *instance) {
	if !g.stale || !g.complete() {
		return
	}
	r := releaseOf(g.units(), i.snapshot)
	id := r.ID()
	if old, _ := g.edits.Live(); old.Release == id {
		return
	}
	values, err := valuesOf(r)
	if err != nil {
		return // it was just made
	}
	g.releases[id] = made{r, values}
	g.edits.set(id, r)
	g.leader.Nudge()
}

// alone reports whether the instance goes on without the others.
func (g *rolling) alone() bool { return g.fleet.cfg.WhenAway == "alone" && g.fleet.away() }

// aim is the release that is to run; empty while nobody knows, and then nothing
// changes.
func (g *rolling) aim(i *instance, now time.Time) string {
	live, _ := g.edits.Live()
	if g.alone() && (g.running != "" || now.Sub(g.since(now)) > g.fleet.cfg.TTL) {
		g.why = "the store is away, and the instance goes on alone"
		return live.Release
	}
	target := ""
	if g.settled {
		target, g.why, _ = g.seat.Target(g.running)
	}
	if g.kept != "" && target == "" && g.running == "" && now.Sub(g.since(now)) > explainAfter {
		g.why, target = "the store is away: what ran before goes on", g.kept
	}
	switch {
	case target != "":
		g.waiting, g.said = time.Time{}, false
	case now.Sub(g.since(now)) > explainAfter && !g.said:
		g.said = true
		g.fleet.log.Warn("nothing is changed before the fleet is seen", "rollout", g.name, "why", cmp.Or(g.why, "the store is away"))
	}
	return target
}

func (g *rolling) since(now time.Time) time.Time {
	if g.waiting.IsZero() {
		g.waiting = now
	}
	return g.waiting
}

// render makes the outputs of the target.
func (g *rolling) render(i *instance) {
	if g.ready == g.target && !g.stale {
		return
	}
	made, known := g.releases[g.target]
	switch {
	case g.target == "" || !known:
		g.load()
		g.ready = ""
	default:
		g.ready = ""
		complete, err := g.execute(i, made)
		if complete {
			g.ready, g.stale = g.target, false
		}
		g.refuse(i, err)
	}
	for _, s := range g.sets {
		s.ready = digest{}
		if g.ready != "" {
			s.ready, s.begun = s.sum(), true
			i.recall(s)
		}
	}
}

// refuse says that the target cannot be rendered here, which is a failure like
// any other: else the others would wait for this instance.
func (g *rolling) refuse(i *instance, err error) {
	if err == nil || g.leaving || g.pass != nil || g.running == "" || g.target == g.running || g.expects(time.Now()) {
		return
	}
	g.handed = g.target
	g.leave(i, rollout.Verdict{Result: rollout.Reverted, Running: g.running, Evidence: evidence(i.redactor.Redact(err.Error()))})
}

// execute renders every unit with the values of a release, and its texts if they
// are here. It is not complete
// while something is missing; the error is one that waiting does not mend.
func (g *rolling) execute(i *instance, r made) (complete bool, failed error) {
	complete = true
	texts, _ := g.sources(r)
	for _, u := range g.units() {
		source, former := texts[u.name()]
		if !former {
			source = u.source
		}
		result, err := source.Execute(pinned{i.snapshot, r.values})
		i.deps.watch(u, union(union(u.asks, union(u.source.Literals(), source.Literals())), result.Used))
		if err != nil || len(result.Missing) > 0 {
			complete, failed = false, errors.Join(failed, err)
			continue
		}
		if sum := sumOf(result); !u.complete || u.sum != sum {
			u.result, u.sum, u.written, u.complete = result, sum, new(bool), true
		}
	}
	return complete, failed
}

// load reads the target from the store.
func (g *rolling) load() {
	target := g.target
	if target == "" || g.loading == target {
		return
	}
	g.loading = target
	f, set := g.fleet, g.fleet.cfg.Service+"."+g.name
	f.work.Go(func() {
		release, err := g.fetch(set, target)
		f.tell(func() {
			if g.loading == target {
				g.loading = ""
			}
			if err == nil {
				g.releases[target] = release
			}
		})
	})
}

// fetch reads a release, as often as it takes.
func (g *rolling) fetch(set, id string) (made, error) {
	for {
		r, err := rollout.Load(g.fleet.ctx, g.fleet.store, set, id)
		if err == nil {
			values, err := valuesOf(r)
			return made{r, values}, err
		}
		if !errors.Is(err, context.Canceled) {
			g.fleet.log.Warn("a release was not loaded, it is tried again", "rollout", g.name, "error", err)
		}
		select {
		case <-time.After(time.Second):
		case <-g.fleet.ctx.Done():
			return made{}, err
		}
	}
}

// differs reports whether something of the target is not in place. What was
// undone here is left alone while the release stays the same.
func (g *rolling) differs(i *instance, now time.Time) bool {
	news := g.target != g.running
	return slices.ContainsFunc(g.sets, func(s *set) bool {
		switch {
		case s.env:
			return i.processDiffers(now, news)
		case s.ready == (digest{}) || s.ready == s.applied && !s.owed:
			return false
		}
		return news || !s.past.isBad(s.ready)
	})
}

// processDiffers reports whether the process runs otherwise than it is wanted to.
// What was not healthy before is not tried again for the same release, and is not
// there for a new one.
func (i *instance) processDiffers(now time.Time, news bool) bool {
	want, taken := i.process(nil), i.handover.taken
	if taken == nil || want == nil {
		return false
	}
	if news {
		return !reflect.DeepEqual(want, taken)
	}
	return i.handover.due(want, now, true)
}

// lets reports whether the sets may be put in place now.
func (g *rolling) lets() bool {
	if g == nil {
		return true
	}
	if g.ready == "" || g.ready != g.target {
		return false
	}
	return g.running == "" || g.alone() || g.pass != nil && !g.leaving && g.entitled()
}

// entitled reports whether the pass still gives the right to change to the
// target: it may be for another one, of which it has not heard yet.
func (g *rolling) entitled() bool { return g.right == g.target && g.pass.Context().Err() == nil }

// enter asks for a slot.
func (g *rolling) enter(i *instance) {
	ctx, cancel := context.WithCancel(g.fleet.ctx)
	g.entering = cancel
	running, target := g.running, g.target
	g.fleet.work.Go(func() {
		pass, err := g.seat.Enter(ctx, running, target)
		g.fleet.tell(func() {
			g.entering = nil
			if err == nil {
				g.pass, g.right, g.begun = pass, target, time.Now()
				g.fleet.log.Info("the instance has a slot, its change begins", "rollout", g.name, "from", running, "to", target)
				g.forgive(i)
			}
		})
		if g.fleet.ctx.Err() != nil && pass != nil {
			_ = pass.Leave(g.fleet.ctx, rollout.Verdict{Result: rollout.Skipped, Running: running}) // others see that it has ended
		}
	})
}

// forgive lets versions be tried that failed here before: the fleet has decided
// to try them.
func (g *rolling) forgive(i *instance) {
	if g.right == g.running {
		return // it is about a secret or a service, and was undone for its own sake
	}
	i.handover.bad, i.handover.suspect = nil, nil
	for _, s := range g.sets {
		s.past.bad = slices.DeleteFunc(s.past.bad, func(d digest) bool { return d == s.ready })
		s.failed, s.retryAt = digest{}, time.Time{}
	}
}

// giveUp ends what was asked for another target.
func (g *rolling) giveUp() {
	if g.entering != nil {
		g.entering()
	}
}

// found says what runs when nothing had to be put in place at the start: the
// files of a former life were what they should be.
func (g *rolling) found(i *instance, now time.Time) {
	if i.prog.adopted && i.processReady() && !g.differs(i, now) {
		g.handed = g.ready
		g.leave(i, rollout.Verdict{Result: rollout.Applied, Running: g.ready})
	}
}

// end gives a pass back that nothing is left to do with.
func (g *rolling) end(i *instance) {
	if !g.differs(i, time.Now()) {
		g.leave(i, rollout.Verdict{Result: rollout.Applied, Running: g.target, Took: time.Since(g.begun)})
	}
}

// leave gives the pass back, or, at the start, says how it went.
func (g *rolling) leave(i *instance, v rollout.Verdict) {
	if v.Result != rollout.Skipped {
		g.running = v.Running
		g.keep(i)
	}
	g.leaving = true
	pass, release, f := g.pass, g.handed, g.fleet
	f.log.Info("the change is over", "rollout", g.name, "result", v.Result, "running", v.Running, "slot", pass != nil)
	f.work.Go(func() {
		var err error
		if pass != nil {
			err = pass.Leave(f.ctx, v)
		} else {
			err = g.seat.Report(f.ctx, release, v)
		}
		f.tell(func() {
			g.pass, g.leaving = nil, false
			if err != nil {
				f.log.Warn("what became of a change was not told", "rollout", g.name, "error", err)
			}
		})
	})
}

// keep forgets the values of releases that are not needed.
func (g *rolling) keep(i *instance) {
	live, _ := g.edits.Live()
	for id := range g.releases {
		if id != live.Release && id != g.running && id != g.target {
			delete(g.releases, id)
		}
	}
	if r, ok := g.releases[g.running]; ok && i.prog.cfg.StateDir != "" {
		if err := writeRelease(i.prog.cfg.StateDir, g.name, r.Release); err != nil {
			g.fleet.log.Warn("the release was not kept on disk, a start without the store will wait", "rollout", g.name, "error", err)
		}
	}
}

// judge is what became of the sets of the rollout in a generation; ok is false
// if there is nothing to say yet. It is about the release that was handed over:
// the target may be another one since.
func (g *rolling) judge(i *instance, r reload.Report, results []reload.Result) (v rollout.Verdict, ok bool) {
	v = rollout.Verdict{Result: rollout.Applied, Running: g.handed, Took: time.Since(g.begun)}
	note := func(result rollout.Result, running string, err error) {
		v.Result, v.Running = result, running
		if err != nil {
			v.Evidence = evidence(i.redactor.Redact(err.Error()))
		}
	}
	for _, one := range results {
		switch {
		case errors.Is(one.Err, rollout.ErrFenced), errors.Is(one.Err, rollout.ErrTarget):
			return rollout.Verdict{Result: rollout.Skipped, Running: g.running}, true // the release is not to blame
		case one.Stuck:
			note(rollout.Broken, g.handed, one.Err)
		case one.Err != nil:
			note(rollout.Reverted, g.running, one.Err)
		case one.ActionErr != nil && v.Result == rollout.Applied:
			note(rollout.Broken, g.handed, one.ActionErr)
		}
	}
	if r.ProcessErr != nil && v.Result == rollout.Applied {
		note(rollout.Reverted, g.running, r.ProcessErr)
	}
	return v, v.Result != rollout.Applied || g.handed != g.ready || !g.differs(i, time.Now())
}

// evidence is a text as it is kept in the store: one line, not too long.
func evidence(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	return strings.ToValidUTF8(text[:min(len(text), 300)], "")
}

// noteRolled tells the rollouts what became of a generation.
func (i *instance) noteRolled(r reload.Report) {
	if i.fleet == nil {
		return
	}
	results := make(map[*rolling][]reload.Result)
	for n, a := range i.applier.applied {
		if g := a.set.rolling; g != nil {
			results[g] = append(results[g], r.Results[n])
		}
	}
	for _, g := range i.fleet.rollings {
		of, had := results[g]
		if had = had || i.applier.offered != nil && g.has(i.prog.env); !had || g.leaving {
			continue
		}
		if g.pass == nil && g.running != "" {
			continue // alone
		}
		v, ok := g.judge(i, r, of)
		if first := g.running == "" && v.Result == rollout.Applied; first && !i.processReady() {
			continue // found says so once the checks have
		}
		if ok {
			g.leave(i, v)
		}
	}
}

func (g *rolling) has(s *set) bool { return s != nil && slices.Contains(g.sets, s) }

// depart says, before the instance is stopped, that it was not the release.
func (g *rolling) depart(ctx context.Context) {
	v := rollout.Verdict{Result: rollout.Left, Running: g.running}
	var err error
	switch {
	case g.leaving || g.running == "":
	case g.pass != nil:
		err = g.pass.Leave(ctx, v)
	default:
		err = g.seat.Report(ctx, g.running, v)
	}
	if err != nil {
		g.fleet.log.Warn("the fleet was not told of the stop", "rollout", g.name, "error", err)
	}
}

// fence keeps a change from beginning whose right has been taken away. It is
// filled by the loop and asked by the supervisor.
type fence struct {
	mu     sync.Mutex
	passes map[string]*rollout.Pass // guarded by mu; by set
}

// Enter implements [reload.Gate].
func (f *fence) Enter(_ context.Context, sets []string) (leave func(bool), err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range sets {
		if p := f.passes[name]; p != nil {
			if err := p.May(); err != nil {
				return nil, err
			}
		}
	}
	return func(bool) {}, nil
}

// set notes the rights that a generation rests on.
func (f *fence) set(of []*set) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.passes = make(map[string]*rollout.Pass)
	for _, s := range of {
		g := s.rolling
		if g == nil {
			continue
		}
		if g.handed = g.ready; g.pass != nil {
			f.passes[s.name] = g.pass
		}
	}
}
