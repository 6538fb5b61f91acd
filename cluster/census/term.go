package census

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/election"
	"concierge/cluster/member"
)

// term is the work of one leadership. It belongs to the goroutine of
// [Clerk.Run].
type term struct {
	*Clerk
	number  cluster.Version
	roll    *roll
	has     cluster.Entry // the counts as the store told them last
	seen    bool          // it told once
	mine    bool          // what is there was written in this term
	written time.Time     // the last counts; zero is never
	swept   bool          // the last words were looked at once

	succeeded bool // the leader before was looked for
}

func newTerm(c *Clerk, number cluster.Version, r *roll) *term {
	return &term{Clerk: c, number: number, roll: r}
}

// run counts until the term ends.
func (t *term) run(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	var watches sync.WaitGroup
	defer watches.Wait()
	defer stop()
	defer t.forget()
	counts, wanted := t.watch(ctx, &watches, Key(t.cfg.Service)), t.watch(ctx, &watches, WantedKey(t.cfg.Service))
	tick := time.NewTicker(t.cfg.Every)
	defer tick.Stop()
	for t.leads() {
		select {
		case v := <-counts:
			t.has, t.seen = v.Get(Key(t.cfg.Service)), true
		case v := <-wanted:
			t.hear(v.Get(WantedKey(t.cfg.Service)))
		case <-t.news:
		case <-tick.C:
			t.sweep(ctx)
		case <-ctx.Done():
			return
		}
		t.call(t.roll)
		t.succeed()
		t.keep(ctx)
	}
}

// succeed looks, once, whether the leader before is still there: nobody else
// followed who is there, so nobody else would miss it.
func (t *term) succeed() {
	if _, current := t.cfg.Crew.Peers(); !current || t.succeeded {
		return
	}
	t.succeeded = true
	if l, ok := t.cfg.Office.Former(); ok {
		t.roll.miss(member.Peer{Instance: member.Instance{ID: l.ID, Incarnation: l.Incarnation}}, time.Now())
	}
}

func (t *term) watch(ctx context.Context, watches *sync.WaitGroup, key string) cluster.Newest {
	views := cluster.NewNewest()
	watches.Go(func() {
		cluster.Follow(ctx, t.cfg.Store, key, views.Put, func(err error) {
			t.cfg.Log.Debug("a watch of the leader broke", "key", key, "error", err)
		})
	})
	return views
}

func (t *term) leads() bool {
	number, leading := t.cfg.Office.Leading()
	return leading && number == t.number
}

// condition is that this instance still leads.
func (t *term) condition() cluster.Condition {
	return cluster.Condition{Key: election.Key(t.cfg.Service), Version: t.number}
}

// keep writes the counts if the store has others, not too soon after the last
// ones. Those of an earlier term would vanish with its session.
func (t *term) keep(ctx context.Context) {
	counts, ok := t.Counts()
	if !ok || !t.seen || time.Since(t.written) < t.cfg.Every {
		return
	}
	value, err := json.Marshal(counts)
	if err == nil && t.mine && bytes.Equal(value, t.has.Value) {
		return
	}
	if err == nil {
		err = t.write(ctx, value)
	}
	if err != nil {
		t.cfg.Log.Debug("the store did not take the counts", "error", err)
	}
}

func (t *term) write(ctx context.Context, value []byte) error {
	ctx, cancel := context.WithTimeout(ctx, t.cfg.TTL/2) // after that the instance leads no more
	defer cancel()
	o, err := t.cfg.Sessions.Session(ctx)
	if err != nil {
		return err
	}
	t.written = time.Now()
	done, err := t.cfg.Store.Commit(ctx, cluster.Txn{
		If:   []cluster.Condition{t.condition()},
		Then: []cluster.Write{{Key: Key(t.cfg.Service), Value: value, Session: o}},
	})
	if err != nil {
		return fmt.Errorf("writing the counts of %s: %w", t.cfg.Service, err)
	}
	t.mine = t.mine || done
	return nil
}
