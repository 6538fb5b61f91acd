package rollout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"concierge/cluster"
)

// Errors of a [Seat].
var (
	// ErrTarget says that the release is no longer what the instance should run.
	ErrTarget = errors.New("the target is another one")
	// ErrFenced says that the slot was taken away: the change is to be ended, by
	// going back where it is not healthy, and nothing further is to be begun.
	ErrFenced = errors.New("the right to change was taken away")
)

// Pulse is the session of this instance, whichever it is now.
type Pulse interface {
	// Fresh is as of [cluster.Session]; it does not block.
	Fresh() time.Duration
	// Seen is the entry of this instance, as [Instance.Seen]. It does not block.
	Seen() cluster.Condition
}

// SeatConfig is what a [Seat] needs; all of it but Deadline has to be set.
type SeatConfig struct {
	Store    cluster.Store
	Set      string
	Self     Instance // without what runs and how it is seen
	Pulse    Pulse
	TTL      time.Duration // of the session
	Deadline time.Duration // of a change; default [DefaultDeadline]
	Log      *slog.Logger
}

// Seat is the place of an instance in the rollouts of a set: it knows the
// target, and gives the right to change. Its methods may be called
// concurrently, but for Run.
type Seat struct {
	SeatConfig
	reading *reading

	mu   sync.Mutex // guards seen
	seen Mark
}

// NewSeat makes a seat; it knows nothing until Run.
func NewSeat(c SeatConfig) *Seat { return &Seat{SeatConfig: c, reading: newReading(c.Set)} }

// Run keeps the seat current until ctx ends.
func (s *Seat) Run(ctx context.Context) { s.reading.sight.watch(ctx, s.Store, Prefix(s.Set), s.Log) }

// Target is [Target] as of now, for an instance that runs a release. It is
// what runs while the store cannot be seen or understood. changed is closed
// when it is worth another look.
func (s *Seat) Target(running string) (release, why string, changed <-chan struct{}) {
	g := s.reading.now()
	if !g.known {
		return running, "the store was not seen yet", g.changed
	}
	err := g.err
	if err == nil {
		err = s.remember(g.View)
	}
	if err != nil {
		return running, err.Error(), g.changed
	}
	release, why = Target(g.View, s.me(running))
	return release, why, g.changed
}

func (s *Seat) me(running string) Instance {
	me := s.Self
	me.Running, me.Seen = running, s.Pulse.Seen()
	return me
}

func (s *Seat) remember(v View) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.Behind(s.seen) {
		return fmt.Errorf("set %s: %w", s.Set, ErrBehind)
	}
	s.seen = v.Mark()
	return nil
}

// look is a linearizable look at what decides, with this instance's own
// acknowledgement.
func (s *Seat) look(ctx context.Context) (View, error) {
	v, err := look(ctx, s.Store, s.Set, ackKey(s.Set, s.Self.ID))
	if err != nil {
		return View{}, err
	}
	v.At = time.Now()
	return v, s.remember(v)
}

// Recover says what became of a former life of this instance. It is called
// once, before the first Target; it waits for the store as long as ctx lasts.
func (s *Seat) Recover(ctx context.Context) error {
	for {
		v, err := s.look(ctx)
		if err == nil {
			t := Recover(v, s.Self)
			if t == nil {
				return nil
			}
			_, err = s.Store.Commit(ctx, *t)
		}
		if err != nil {
			s.Log.Warn("the former life of this instance is not settled yet; trying again", "set", s.Set, "error", err)
			pause(ctx, jitter(retryPause))
		}
		if ctx.Err() != nil {
			return fmt.Errorf("settling the former life of %s in set %s: %w", s.Self.ID, s.Set, context.Cause(ctx))
		}
	}
}

// Enter waits for the right to change from what runs to a release, and returns
// it. It returns [ErrTarget] when the release is not the target any more, and
// ctx's error. The caller leaves the pass in every case.
//
// Who waits asks the store nothing while the watch shows that it is in vain.
func (s *Seat) Enter(ctx context.Context, running, release string) (*Pass, error) {
	for spread := leastSpread; ; spread = min(2*spread, mostSpread) {
		s.queue(ctx, running, release, spread)
		me, begun := s.me(running), time.Now()
		slot, why, err := s.try(ctx, me, release)
		switch {
		case errors.Is(err, ErrTarget):
			return nil, err
		case ctx.Err() != nil:
			return nil, fmt.Errorf("waiting for a slot of set %s: %w", s.Set, context.Cause(ctx))
		case err != nil:
			s.Log.Warn("no slot can be taken; trying again", "set", s.Set, "error", err)
			pause(ctx, jitter(retryPause))
		case slot != nil:
			return s.admit(ctx, me, *slot, begun), nil
		default:
			s.Log.Debug("waiting for a slot", "set", s.Set, "why", why)
			pause(ctx, rand.N(spread)) // the watch may show it later than the look did
		}
	}
}

// Those who wait are spread over a time, so that a freed slot is not asked for
// by all at once; and more so, the more often another one was quicker.
const (
	leastSpread = retryPause / 20
	mostSpread  = 2 * retryPause
)

// queue returns when the watch shows that a slot may be had, or that a look is
// worth while for another reason; and after a long time in any case.
func (s *Seat) queue(ctx context.Context, running, release string, spread time.Duration) {
	late := time.Now().Add(15 * retryPause)
	for ctx.Err() == nil {
		g := s.reading.now()
		if !g.known || g.err != nil || !s.vain(g.View, running, release) || time.Now().After(late) {
			return
		}
		pause(ctx, time.Until(late), g.changed)
		pause(ctx, rand.N(spread))
	}
}

// vain says whether what the watch shows leaves nothing to ask for.
func (s *Seat) vain(v View, running, release string) bool {
	me := s.me(running)
	if target, _ := Target(v, me); target != release {
		return false // a look decides that
	}
	if _, mine := v.held(me.ID); mine {
		return false
	}
	t, _ := Acquire(v, me, release, s.Deadline, 0)
	return t == nil
}

// try looks and asks once.
func (s *Seat) try(ctx context.Context, me Instance, release string) (*Held, string, error) {
	if s.stale() {
		return nil, "", errors.New("the session was not confirmed for half of its ttl")
	}
	v, err := s.look(ctx)
	if err != nil {
		return nil, "", err
	}
	if target, why := Target(v, me); target != release {
		return nil, "", fmt.Errorf("%w: %q: %s", ErrTarget, target, why)
	}
	if slot, ok := Mine(v, me); ok && slot.Release == release {
		return &slot, "", nil // an answer was lost: it was taken all the same
	}
	t, why := Acquire(v, me, release, s.Deadline, rand.Int())
	if t == nil {
		return nil, why, nil
	}
	done, err := s.Store.Commit(ctx, *t)
	if err != nil || !done {
		return nil, "", err
	}
	if v, err = s.look(ctx); err != nil {
		return nil, "", err
	}
	if slot, ok := Mine(v, me); ok {
		return &slot, "", nil
	}
	return nil, "", nil
}

// Report is [Report], tried until ctx ends.
func (s *Seat) Report(ctx context.Context, release string, verdict Verdict) error {
	for {
		v, err := s.look(ctx)
		done := false
		if err == nil {
			done, err = s.Store.Commit(ctx, Report(v, s.Self, release, verdict))
		}
		if done {
			return nil
		}
		if pause(ctx, jitter(retryPause/4)); ctx.Err() != nil {
			return fmt.Errorf("reporting on set %s: %w", s.Set, errors.Join(err, context.Cause(ctx)))
		}
	}
}

// stale says that this instance may be thought dead soon.
func (s *Seat) stale() bool { return s.Pulse.Fresh() > s.TTL/2 }
