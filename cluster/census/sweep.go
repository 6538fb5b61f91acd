package census

import (
	"cmp"
	"context"
	"slices"
	"time"

	"concierge/cluster"
	"concierge/cluster/member"
)

const (
	// batch bounds what one look writes: a fleet that vanished is no reason for a
	// storm of requests.
	batch = 16
	// keptWords is how many last words of a service are kept. Machines whose names
	// are never used again would fill the store.
	keptWords = 1000
)

// sweep leaves last words for those who vanished without any, and takes away the
// oldest ones.
func (t *term) sweep(ctx context.Context) {
	missing := t.roll.missing(time.Now(), t.cfg.TTL)
	if len(missing) == 0 && t.swept {
		return
	}
	words, err := t.cfg.Store.Read(ctx, member.LastKey(t.cfg.Service, ""))
	if err != nil {
		t.cfg.Log.Debug("the last words were not read", "error", err)
		return
	}
	for _, d := range missing[:min(batch, len(missing))] {
		if err := t.speakFor(ctx, d.peer, words); err != nil {
			t.cfg.Log.Debug("the store did not take the last words of another", "id", d.peer.ID, "error", err)
			return
		}
	}
	t.swept = t.discard(ctx, surplus(words))
}

// speakFor says that somebody has vanished, unless it is said already: by
// itself, by an earlier leader, or by a later life.
func (t *term) speakFor(ctx context.Context, p member.Peer, words cluster.View) error {
	e := words.Get(member.LastKey(t.cfg.Service, p.ID))
	said, _, _ := read[member.LastWords](e) // what cannot be read is replaced
	if said.Incarnation >= p.Incarnation {
		t.roll.settle(p.Incarnation)
		return nil
	}
	last := member.LastWords{Incarnation: p.Incarnation, Lost: true, When: time.Now().UTC()}
	if p.Status != nil {
		last.Releases = p.Status.Releases
	}
	write, err := plain(e.Key, last)
	if err != nil {
		return err
	}
	done, err := t.cfg.Store.Commit(ctx, cluster.Txn{
		If: []cluster.Condition{
			t.condition(), {Key: e.Key, Version: e.Version},
			{Key: member.InstanceKey(t.cfg.Service, p.ID), Version: t.roll.there[p.ID].Announced},
		},
		Then: []cluster.Write{write},
	})
	if err != nil || !done {
		return err // what is there has changed: the next look tells
	}
	t.roll.settle(p.Incarnation)
	t.cfg.Log.Warn("an instance vanished without last words", "service", t.cfg.Service, "id", p.ID, "incarnation", p.Incarnation, "host", p.Host)
	return nil
}

// surplus are the oldest last words beyond those that are kept; the names of
// lives are in the order of time.
func surplus(words cluster.View) []cluster.Entry {
	if len(words.Entries) <= keptWords {
		return nil
	}
	byAge := slices.Clone(words.Entries)
	life := func(e cluster.Entry) string {
		w, _, _ := read[member.LastWords](e)
		return w.Incarnation
	}
	slices.SortStableFunc(byAge, func(a, b cluster.Entry) int { return cmp.Compare(life(a), life(b)) })
	return byAge[:len(byAge)-keptWords]
}

// discard deletes some of the entries, and reports whether none is left.
func (t *term) discard(ctx context.Context, entries []cluster.Entry) (done bool) {
	txn := cluster.Txn{If: []cluster.Condition{t.condition()}}
	for _, e := range entries[:min(batch, len(entries))] {
		txn.If = append(txn.If, cluster.Condition{Key: e.Key, Version: e.Version})
		txn.Then = append(txn.Then, cluster.Write{Key: e.Key, Delete: true})
	}
	if len(txn.Then) == 0 {
		return true
	}
	done, err := t.cfg.Store.Commit(ctx, txn)
	if err != nil {
		t.cfg.Log.Debug("old last words were not deleted", "error", err)
	}
	return done && len(entries) <= batch
}
