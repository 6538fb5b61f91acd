package register

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/pace"
)

// tenure is the record with one session. It belongs to the goroutine of
// [Record.Run].
//
// The session is that of the announcement of the instance, and there is one
// only while the instance's name is its own. So whatever else is at the key was
// left by an earlier life, and is replaced.
type tenure struct {
	*Record
	session cluster.Session
	has     cluster.Entry // as the store told it last
	seen    bool          // it was told once
	mine    bool          // this tenure wrote what is there, or is about to know
	again   pace.Pace
	due     *time.Timer
}

func newTenure(r *Record, o cluster.Session) *tenure {
	return &tenure{Record: r, session: o, due: time.NewTimer(lookAgain)}
}

// run keeps the record until the session is lost or ctx ends.
func (t *tenure) run(ctx context.Context) {
	defer t.due.Stop()
	views := cluster.NewNewest()
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() { cluster.Follow(watching, t.cfg.Store, t.key, views.Put, t.broken) })
	for {
		select {
		case v := <-views:
			t.has, t.seen = v.Get(t.key), true
		case <-t.news:
		case <-t.due.C:
		case <-t.session.Lost():
			return
		case <-ctx.Done():
			t.leave(ctx)
			return
		}
		t.keep(ctx)
	}
}

func (t *tenure) broken(err error) { t.log.Debug("the watch of the own record broke", "error", err) }

// keep writes the record if the store has another one. A record that looks the
// same but is of an earlier session would vanish with that, so the first one is
// always written.
func (t *tenure) keep(ctx context.Context) {
	if !t.seen {
		return
	}
	t.due.Reset(lookAgain)
	value, err := t.value()
	if err == nil && t.mine && as(t.has, value) {
		t.again.Reset()
		t.note(nil)
		return
	}
	if err == nil {
		err = t.write(ctx, value)
	}
	if err != nil && !errors.Is(err, cluster.ErrLost) && ctx.Err() == nil {
		t.note(fmt.Errorf("writing the record of %s: %w", t.cfg.Service.ID(), err))
		t.due.Reset(t.again.Next())
	}
}

// write replaces what was seen. The watch tells of the outcome; what was seen
// is kept until then, so that a second write before it fails.
func (t *tenure) write(ctx context.Context, value []byte) error {
	done, err := t.cfg.Store.Commit(ctx, cluster.Txn{
		If:   []cluster.Condition{{Key: t.key, Version: t.has.Version}},
		Then: []cluster.Write{{Key: t.key, Value: value, Session: t.session}},
	})
	t.mine = t.mine || done
	return err
}

// leave deletes the record. ctx is over. The condition would fail when the watch
// has not told of the last write yet; so it is looked up.
func (t *tenure) leave(ctx context.Context) {
	if !t.mine {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	v, err := t.cfg.Store.Read(ctx, t.key)
	if e := v.Get(t.key); err == nil && t.ours(e) {
		_, err = t.cfg.Store.Commit(ctx, cluster.Txn{
			If:   []cluster.Condition{{Key: t.key, Version: e.Version}},
			Then: []cluster.Write{{Key: t.key, Delete: true}},
		})
	}
	if err != nil {
		t.log.Warn("the record was not deleted; it vanishes with the session", "key", t.key, "error", err)
	}
}

// ours reports whether this life wrote it, with whichever session.
func (t *tenure) ours(e cluster.Entry) bool {
	var has Entry
	return e.Version != cluster.Absent && json.Unmarshal(e.Value, &has) == nil && has.Incarnation == t.cfg.Service.Incarnation
}
