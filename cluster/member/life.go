package member

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/pace"
)

// life is the announcement with one session. It belongs to the goroutine of
// [Announcer.Run].
type life struct {
	*Announcer
	session cluster.Session
	inst    cluster.Entry // as the store told it last
	mine    bool          // inst was written with this session

	again   pace.Pace
	retry   *time.Timer // of an announcement whose outcome is unknown
	due     *time.Timer // of a status that came too early
	written time.Time   // the last status; zero is never
	pending bool        // the status has changed since
	said    Status      // that was written last
}

func newLife(a *Announcer, o cluster.Session) *life {
	l := &life{Announcer: a, session: o, retry: time.NewTimer(time.Hour), due: time.NewTimer(time.Hour)}
	l.retry.Stop()
	l.due.Stop()
	return l
}

// run announces and keeps the status current until the session is lost or ctx
// ends.
func (l *life) run(ctx context.Context) error {
	key := InstanceKey(l.cfg.Service, l.cfg.Instance.ID)
	views := cluster.NewNewest()
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() { cluster.Follow(watching, l.cfg.Store, key, views.Put, l.broken) })
	for {
		var err error
		select {
		case v := <-views:
			err = l.look(ctx, v.Get(key))
		case <-l.retry.C:
			err = l.assert(ctx)
		case <-l.news:
			l.pending = true
			err = l.report(ctx)
		case <-l.due.C:
			err = l.report(ctx)
		case <-l.session.Lost():
			err = cluster.ErrLost
		case <-ctx.Done():
			return ctx.Err()
		}
		if errors.Is(err, cluster.ErrLost) {
			return err
		}
		if err != nil {
			l.cfg.Log.Debug("the store did not take what was announced", "error", err)
			l.retry.Reset(l.again.Next())
		}
	}
}

func (l *life) broken(err error) { l.cfg.Log.Debug("the watch of the own key broke", "error", err) }

// look compares what the store has with what it should have. A key of this life
// but of another session is what an earlier one left; it is taken over, before
// it vanishes. A key of another life is nobody's to touch: if that is dead, its
// session ends.
func (l *life) look(ctx context.Context, e cluster.Entry) error {
	l.inst, l.mine = e, false
	if e.Version == cluster.Absent {
		return l.assert(ctx)
	}
	i, err := parseInstance(e)
	switch {
	case err != nil || i.Incarnation != l.cfg.Instance.Incarnation:
		l.retry.Stop()
		l.withdraw(fmt.Errorf("announcing %s of %s: %w by the life %s on host %s; if that was this instance it ends within %s, else give one of them another name (cluster.instance)",
			l.cfg.Instance.ID, l.cfg.Service, ErrTaken, i.Incarnation, i.Host, 2*l.cfg.TTL))
		return nil
	case i.Session != l.session.ID():
		return l.assert(ctx)
	}
	l.mine = true
	l.retry.Stop()
	l.again.Reset()
	l.publish(l.session, e.Version)
	return l.report(ctx)
}
