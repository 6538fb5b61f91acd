package rollout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concierge/cluster"
)

// Office is the election of a service's leader.
type Office interface {
	// Term is the condition under which this instance leads; ok is false while
	// another one does. It does not block.
	Term() (term cluster.Condition, ok bool)
}

// Crew is who is there.
type Crew interface {
	// Members of the service with their state in this set, as last seen; known
	// is false before the first look. It does not block.
	Members() (members []Member, known bool)
	// Read is a linearizable look at them.
	Read(ctx context.Context) ([]Member, error)
}

// Edits is what the sources say.
type Edits interface {
	// Live is the release of the values as they are now, and what it is made
	// of. It does not block; a release without a name is not known yet.
	Live() (Live, Release)
}

// LeaderConfig is what a [Leader] needs.
type LeaderConfig struct {
	Store  cluster.Store
	Set    string
	Who    string // id of this instance
	Policy Policy
	// Window is how long an instance may watch its health after a change; who
	// makes a leader gives the longest of the set. The policy's grace is raised
	// to it: a holder that is cut off goes on for so long with what it began,
	// and the next one would begin before it is back.
	Window time.Duration
	Limit  int // bytes of a release; default [MaxRelease]
	Office Office
	Crew   Crew
	Edits  Edits
	Log    *slog.Logger
}

// pace is the least time between two looks of a leader, and lull the longest.
const (
	pace = 250 * time.Millisecond
	lull = 5 * time.Second
)

// Leader leads the rollouts of a set while this instance is elected.
type Leader struct {
	LeaderConfig
	nudge chan struct{}
	start time.Time // of its clock
	// of Run's goroutine:
	parser parser
	seen   Mark
	why    string
	failed string // the last error in words
	pruned uint64 // the newest rollout after which old releases were deleted
}

// NewLeader makes a leader; it does nothing until Run.
func NewLeader(c LeaderConfig) *Leader {
	c.Policy.Grace = max(c.Policy.grace(), c.Window)
	return &Leader{LeaderConfig: c, parser: parser{set: c.Set}, nudge: make(chan struct{}, 1), start: time.Now()}
}

// Nudge says that the office, the crew or the sources changed. It does not block
// and may be called concurrently.
func (l *Leader) Nudge() {
	select {
	case l.nudge <- struct{}{}:
	default:
	}
}

// Run leads whenever this instance is elected, until ctx ends.
func (l *Leader) Run(ctx context.Context) {
	for ctx.Err() == nil {
		if _, ok := l.Office.Term(); ok {
			l.lead(ctx)
		}
		pause(ctx, lull, l.nudge)
	}
}

// lead watches and decides until the office is lost. Its memory is that of one
// term.
func (l *Leader) lead(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer cancel()
	state, acks := newSight(), newSight()
	watches.Go(func() { state.watch(ctx, l.Store, Prefix(l.Set), l.Log) })
	watches.Go(func() { acks.watch(ctx, l.Store, AckPrefix(l.Set), l.Log) })
	var m Memory
	for ctx.Err() == nil {
		term, ok := l.Office.Term()
		if !ok {
			return
		}
		_, _, stateChanged := state.now()
		_, _, acksChanged := acks.now()
		next, err := l.tick(ctx, state, acks, term, m)
		l.warn(err)
		m = next.Memory
		pause(ctx, pace)
		l.rest(ctx, next, stateChanged, acksChanged)
	}
}

// rest is until something changes, or a time that runs is over.
func (l *Leader) rest(ctx context.Context, d Decision, state, acks <-chan struct{}) {
	either, stop := context.WithTimeout(ctx, max(0, min(lull, d.Wake-l.clock())))
	defer stop()
	select {
	case <-either.Done():
	case <-state:
	case <-acks:
	case <-l.nudge:
	}
}

func (l *Leader) clock() time.Duration { return time.Since(l.start) }

// tick decides by what the watches show; and if there is something to do, once
// more by a linearizable look, and does it.
func (l *Leader) tick(ctx context.Context, state, acks *sight, term cluster.Condition, m Memory) (Decision, error) {
	rest := Decision{Memory: m, Wake: l.clock() + lull}
	v, ok, err := l.view(state, acks)
	if err != nil || !ok {
		return rest, err
	}
	live, release := l.Edits.Live()
	lead := Lead{l.Who, term, l.Policy, live}
	d := Next(v, lead, m, l.clock())
	l.say(d.Why)
	if err := l.retract(ctx, v, live.Release); err != nil {
		return d, err
	}
	if d.Txn == nil {
		return d, l.prune(ctx, v, term)
	}
	if v, err = l.look(ctx); err != nil {
		return rest, err
	}
	d = Next(v, lead, m, l.clock())
	if d.Txn == nil {
		return d, nil
	}
	return d, l.do(ctx, v, d, release)
}

// prune deletes what nobody can be told to run any more, once after the end of
// each rollout, and not before all else is done.
func (l *Leader) prune(ctx context.Context, v View, term cluster.Condition) error {
	if v.Version == cluster.Absent || v.Record.Open() || l.pruned == v.Record.ID {
		return nil
	}
	if err := Prune(ctx, l.Store, v, term); err != nil {
		return err
	}
	l.pruned = v.Record.ID
	return nil
}

// do publishes what is proposed and commits.
func (l *Leader) do(ctx context.Context, v View, d Decision, release Release) error {
	if d.Publish != "" {
		_, err := Publish(ctx, l.Store, l.Set, release, l.Who, l.Limit)
		if size, large := errors.AsType[*SizeError](err); large {
			return errors.Join(err, l.complain(ctx, v, size))
		}
		if err != nil {
			return err
		}
	}
	done, err := l.Store.Commit(ctx, *d.Txn)
	if err != nil {
		return fmt.Errorf("committing a decision (%s): %w", d.Why, err)
	}
	if done {
		l.Log.Info("the rollout moves", "set", l.Set, "why", d.Why)
	}
	return nil
}

// look reads the members last: then none of them is older than an
// acknowledgement, and who is missing was missing when the slot was there.
func (l *Leader) look(ctx context.Context) (View, error) {
	v, err := look(ctx, l.Store, l.Set, AckPrefix(l.Set))
	if err != nil {
		return View{}, err
	}
	members, err := l.Crew.Read(ctx)
	if err != nil {
		return View{}, fmt.Errorf("reading the members of set %s: %w", l.Set, err)
	}
	return l.remember(v.With(members, time.Now()))
}

func (l *Leader) remember(v View) (View, error) {
	if v.Behind(l.seen) {
		return View{}, fmt.Errorf("set %s: %w", l.Set, ErrBehind)
	}
	l.seen = v.Mark()
	return v, nil
}

// warn logs an error, once.
func (l *Leader) warn(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != l.failed {
		l.Log.Warn("the rollout cannot be led; trying again", "set", l.Set, "error", err)
	}
	l.failed = text
}

// say logs what is waited for, once.
func (l *Leader) say(why string) {
	if why != l.why {
		l.Log.Debug("leading the rollout", "set", l.Set, "why", why)
		l.why = why
	}
}

// view is what the watches show; ok is false before all of them have.
func (l *Leader) view(state, acks *sight) (_ View, ok bool, err error) {
	a, acksKnown, _ := acks.now()
	s, stateKnown, _ := state.now()
	members, membersKnown := l.Crew.Members()
	if !acksKnown || !stateKnown || !membersKnown {
		return View{}, false, nil
	}
	v, err := l.parser.parse(s, a)
	if err != nil {
		return View{}, false, err
	}
	if v.Behind(l.seen) { // a watch may be later than a look
		return View{}, false, nil
	}
	return v.With(members, time.Now()), true, nil
}
