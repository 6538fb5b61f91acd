package rollout

import (
	"context"
	"fmt"
	"time"

	"concierge/cluster"
)

// SizeError is the trouble as an error that says what to do.
func (t Told) SizeError(set string) *SizeError {
	return &SizeError{set, t.Release, t.Bytes, t.Limit}
}

// complain writes down that a release is too large, where operators look: the
// log of the leader, whichever that is, is not such a place.
func (l *Leader) complain(ctx context.Context, v View, e *SizeError) error {
	if t := v.Trouble; t != nil && t.Release == e.Release && t.Bytes == e.Bytes && t.Limit == e.Limit {
		return nil
	}
	told := Trouble{Release: e.Release, Bytes: e.Bytes, Limit: e.Limit, By: l.Who, Since: time.Now()}
	return l.tell(ctx, v, cluster.Write{Key: troubleKey(l.Set), Value: encode(told)})
}

// retract deletes a trouble that is over: the sources say something else, or
// the release was taken all the same, by a leader that allows more.
func (l *Leader) retract(ctx context.Context, v View, live string) error {
	if v.Trouble == nil || live == "" || live == v.Trouble.Release && live != v.Record.To {
		return nil
	}
	return l.tell(ctx, v, cluster.Write{Key: troubleKey(l.Set), Delete: true})
}

// tell writes the trouble over the one that was read, while this instance leads.
func (l *Leader) tell(ctx context.Context, v View, w cluster.Write) error {
	term, leads := l.Office.Term()
	if !leads {
		return nil
	}
	before := cluster.Condition{Key: w.Key}
	if v.Trouble != nil {
		before = v.Trouble.At
	}
	_, err := l.Store.Commit(ctx, cluster.Txn{If: []cluster.Condition{term, before}, Then: []cluster.Write{w}})
	if err != nil {
		return fmt.Errorf("writing down what keeps the rollout of set %s from beginning: %w", l.Set, err)
	}
	return nil
}
