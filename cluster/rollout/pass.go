package rollout

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Pass is the right to change, as long as it lasts. It is of one goroutine.
type Pass struct {
	seat   *Seat
	me     Instance
	slot   Held
	begun  time.Time // before the slot was asked for, so it ends here before it does for the leader
	ctx    context.Context
	cancel context.CancelCauseFunc
	done   sync.WaitGroup
}

func (s *Seat) admit(ctx context.Context, me Instance, slot Held, begun time.Time) *Pass {
	p := &Pass{seat: s, me: me, slot: slot, begun: begun}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.done.Go(p.follow)
	return p
}

// Context ends, with the cause, when the change has to be given up: the target
// is another one, the slot is gone, or its time is over.
func (p *Pass) Context() context.Context { return p.ctx }

// May says whether another step may be begun, and if not, why. It is asked
// before each thing that can hurt: renaming files, a signal, a restart.
func (p *Pass) May() error {
	if p.seat.stale() {
		p.cancel(fmt.Errorf("%w: the session was not confirmed for half of its ttl", ErrFenced))
	}
	if time.Since(p.begun) >= p.length() {
		p.cancel(fmt.Errorf("%w: the change took longer than its deadline", ErrFenced))
	}
	return context.Cause(p.ctx)
}

func (p *Pass) length() time.Duration { return time.Duration(p.slot.Deadline) * time.Second }

// follow ends the context when the pass does.
func (p *Pass) follow() {
	for p.ctx.Err() == nil {
		g := p.seat.reading.now()
		if g.known {
			p.check(g)
		}
		left := time.Until(p.begun.Add(p.length()))
		pause(p.ctx, max(0, min(left, p.seat.TTL/4)), g.changed)
		_ = p.May() // it cancels, and nobody asks here
	}
}

// check looks at what a watch shows. It may be older than the slot, so the slot
// is missed only in a later revision than its own.
func (p *Pass) check(g glance) {
	if g.err != nil || g.revision < uint64(p.slot.At.Version) || p.seat.remember(g.View) != nil {
		return
	}
	if slot, ok := Mine(g.View, p.me); !ok || slot.At != p.slot.At {
		p.cancel(fmt.Errorf("%w: slot %d is not held by this instance any more", ErrFenced, p.slot.N))
		return
	}
	if target, why := Target(g.View, p.me); target != p.slot.Release {
		p.cancel(fmt.Errorf("%w: %q: %s", ErrTarget, target, why))
	}
}

// Leave gives the slot back and says how the change went. It tries until ctx
// ends; with [ErrFenced] the slot had been taken away before. It is called when
// the change is over, one way or the other, and verdict.Running is so.
func (p *Pass) Leave(ctx context.Context, verdict Verdict) error {
	p.cancel(context.Canceled)
	p.done.Wait()
	for {
		done, err := p.leave(ctx, verdict)
		if done || err != nil && ctx.Err() != nil {
			return err
		}
		if err != nil {
			p.seat.Log.Warn("the slot cannot be given back; trying again", "set", p.seat.Set, "error", err)
		}
		pause(ctx, jitter(retryPause/4))
		if ctx.Err() != nil {
			return fmt.Errorf("giving slot %d of set %s back: %w", p.slot.N, p.seat.Set, context.Cause(ctx))
		}
	}
}

// leave tries once; done says that there is no more to try.
func (p *Pass) leave(ctx context.Context, verdict Verdict) (done bool, err error) {
	v, err := p.seat.look(ctx)
	if err != nil {
		return false, err
	}
	if slot, ok := Mine(v, p.me); !ok || slot.At != p.slot.At {
		if a := v.Acks[p.me.ID]; a.Incarnation == p.me.Incarnation && a.Rollout == p.slot.Rollout && a.Result == verdict.Result {
			return true, nil // an answer was lost: it was given back all the same
		}
		return p.confess(ctx, v, verdict.Running)
	}
	return p.seat.Store.Commit(ctx, Finish(v, p.me, p.slot, verdict))
}

// confess ends a pass that was taken away.
func (p *Pass) confess(ctx context.Context, v View, running string) (done bool, err error) {
	p.me.Running = running
	if t := Confess(v, p.me); t != nil {
		if done, err := p.seat.Store.Commit(ctx, *t); err != nil || !done {
			return false, err
		}
	}
	return true, fmt.Errorf("giving slot %d of set %s back: %w", p.slot.N, p.seat.Set, ErrFenced)
}
