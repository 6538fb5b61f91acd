package election

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"concierge/cluster"
	"concierge/cluster/pace"
)

const (
	// spread is how long after the end of a leader the last of a fleet stands: a
	// thousand that stood at once would be one transaction that wins and 999 that
	// lose. Most see the new leader before their turn comes.
	spread = time.Second
	// resignTimeout bounds the last request, whose sender is leaving.
	resignTimeout = 5 * time.Second
)

// campaign is a candidacy with one session. It belongs to the goroutine of
// [Candidate.Run].
type campaign struct {
	*Candidate
	session cluster.Session
	leader  cluster.Entry // as the store told it last
	seen    bool          // it was told once
	turn    *time.Timer   // when to stand
	again   pace.Pace     // after errors
}

func newCampaign(c *Candidate, o cluster.Session) *campaign {
	turn := time.NewTimer(time.Hour)
	turn.Stop()
	return &campaign{Candidate: c, session: o, turn: turn}
}

// run stands until the session is lost or ctx ends; then it resigns.
func (c *campaign) run(ctx context.Context) {
	views := cluster.NewNewest()
	watching, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	defer watch.Wait()
	defer stop()
	watch.Go(func() { cluster.Follow(watching, c.cfg.Store, c.key, views.Put, c.broken) })
	defer c.enter(cluster.Absent, nil)
	for {
		select {
		case v := <-views:
			c.look(v.Get(c.key))
		case <-c.turn.C:
			c.stand(ctx)
		case <-c.session.Lost():
			return
		case <-ctx.Done():
			c.resign(ctx)
			return
		}
	}
}

func (c *campaign) broken(err error) { c.cfg.Log.Debug("the watch of the leader broke", "error", err) }

// look compares who leads with who stands. What an earlier session of this life
// left is taken over before it vanishes.
func (c *campaign) look(e cluster.Entry) {
	deleted := c.seen && c.leader.Version != cluster.Absent && e.Version == cluster.Absent
	c.leader, c.seen = e, true
	c.turn.Stop()
	if e.Version == cluster.Absent {
		c.enter(cluster.Absent, nil)
		wait := time.Duration(1)
		if deleted {
			wait += rand.N(spread)
		}
		c.turn.Reset(wait)
		return
	}
	l, err := Parse(e)
	switch {
	case err == nil && l.Session == c.session.ID():
		c.again.Reset()
		c.enter(e.Version, c.session)
		return
	case err == nil && l.ID == c.cfg.ID && l.Incarnation == c.cfg.Incarnation:
		c.turn.Reset(1)
	case !e.Owned:
		c.cfg.Log.Warn("the key of the leader belongs to no session, so nobody can be elected; delete it", "key", c.key, "error", err)
	case err == nil:
		c.follow(l)
	}
	c.enter(cluster.Absent, nil)
}

// stand writes the key if it is still what was seen. The watch tells of the
// outcome; after an error it may have nothing to tell.
func (c *campaign) stand(ctx context.Context) {
	err := c.write(ctx)
	if err != nil {
		c.cfg.Log.Debug("the store did not take the candidacy", "error", err)
		c.turn.Reset(c.again.Next())
	}
}

func (c *campaign) write(ctx context.Context) error {
	value, err := json.Marshal(Leader{ID: c.cfg.ID, Incarnation: c.cfg.Incarnation, Session: c.session.ID()})
	if err != nil {
		return fmt.Errorf("writing down the leader: %w", err)
	}
	_, err = c.cfg.Store.Commit(ctx, cluster.Txn{
		If:   []cluster.Condition{{Key: c.key, Version: c.leader.Version}},
		Then: []cluster.Write{{Key: c.key, Value: value, Session: c.session}},
	})
	return err
}

// resign deletes the key if it is that of the own term. ctx is over.
func (c *campaign) resign(ctx context.Context) {
	c.mu.Lock()
	term := c.term
	c.mu.Unlock()
	if term == cluster.Absent {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), resignTimeout)
	defer cancel()
	_, err := c.cfg.Store.Commit(ctx, cluster.Txn{
		If:   []cluster.Condition{{Key: c.key, Version: term}},
		Then: []cluster.Write{{Key: c.key, Delete: true}},
	})
	if err != nil {
		c.cfg.Log.Warn("the leader did not resign; its key vanishes with the session", "key", c.key, "error", err)
	}
}
