package member

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"time"

	"concierge/cluster"
)

// assert writes everything, if nothing has changed since it was looked at. The
// watch tells of the outcome; after an error it may have nothing to tell.
func (l *life) assert(ctx context.Context) error {
	i := l.cfg.Instance
	i.Session = l.session.ID()
	value, err := json.Marshal(i)
	if err != nil {
		return fmt.Errorf("writing down the instance: %w", err)
	}
	return l.write(ctx, cluster.Write{Key: InstanceKey(l.cfg.Service, i.ID), Value: value, Session: l.session})
}

// report writes the status if it has changed, not too soon after the last one,
// and if the instance is announced; otherwise the announcement takes it along.
func (l *life) report(ctx context.Context) error {
	if !l.pending || !l.mine {
		return nil
	}
	if wait := l.every() - time.Since(l.written); wait > 0 {
		l.due.Reset(wait)
		return nil
	}
	return l.write(ctx)
}

// differs in more than numbers.
func (s Status) differs(said Status) bool {
	return s.Phase != said.Phase || s.Health != said.Health || !maps.Equal(s.Releases, said.Releases) || !maps.Equal(s.Notes, said.Notes)
}

// every is how long after the last write the next one may follow. What a rollout
// may be waiting for is urgent, and people look at it; numbers are not.
func (l *life) every() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := l.status; s != nil && s.differs(l.said) {
		return min(l.cfg.Every, urgentEvery)
	}
	return l.cfg.Every
}

// write writes the status and what else is given, if the own key is still what
// it was.
func (l *life) write(ctx context.Context, writes ...cluster.Write) error {
	select {
	case <-l.news:
	default:
	}
	l.mu.Lock()
	status := l.status
	l.mu.Unlock()
	if status != nil {
		value, err := json.Marshal(status)
		if err != nil {
			return fmt.Errorf("writing down the status: %w", err)
		}
		writes = append(writes, cluster.Write{Key: StatusKey(l.cfg.Service, l.cfg.Instance.ID), Value: value, Session: l.session})
		l.pending = true
	}
	done, err := l.cfg.Store.Commit(ctx, cluster.Txn{If: l.unchanged(), Then: writes})
	if done && status != nil {
		l.pending, l.written, l.said = false, time.Now(), *status
	}
	return err
}

// unchanged is that the own key is what the store told last. It fences: what
// another life has written meanwhile stays.
func (l *life) unchanged() []cluster.Condition {
	return []cluster.Condition{{Key: InstanceKey(l.cfg.Service, l.cfg.Instance.ID), Version: l.inst.Version}}
}

// leave takes the announcement back and leaves the last words, in one step, and
// ends the session. ctx is over; what the store does not take in time its own
// ttl does, but for the words.
func (l *life) leave(ctx context.Context) {
	id := l.cfg.Instance.ID
	if l.announced(ctx) {
		err := l.sayLast(ctx, id)
		if err != nil {
			l.cfg.Log.Warn("the last words were not left", "service", l.cfg.Service, "id", id, "error", err)
		}
	}
	if err := l.end(ctx, l.session); err != nil {
		l.cfg.Log.Warn("the session was not closed; the store ends it", "id", id, "error", err)
	}
}

// announced says whether the key is of this session. The watch may not have told
// yet what was written a moment ago.
func (l *life) announced(ctx context.Context) bool {
	if l.mine {
		return true
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	key := InstanceKey(l.cfg.Service, l.cfg.Instance.ID)
	v, err := l.cfg.Store.Read(ctx, key)
	if err != nil {
		return false
	}
	l.inst = v.Get(key)
	i, err := parseInstance(l.inst)
	return err == nil && i.Session == l.session.ID()
}

func (l *life) sayLast(ctx context.Context, id string) error {
	writes := []cluster.Write{
		{Key: InstanceKey(l.cfg.Service, id), Delete: true},
		{Key: StatusKey(l.cfg.Service, id), Delete: true},
	}
	l.mu.Lock()
	words := l.words
	l.mu.Unlock()
	if words != nil {
		value, err := json.Marshal(words)
		if err != nil {
			return fmt.Errorf("writing down the last words: %w", err)
		}
		writes = append(writes, cluster.Write{Key: LastKey(l.cfg.Service, id), Value: value})
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), leaveTimeout)
	defer cancel()
	_, err := l.cfg.Store.Commit(ctx, cluster.Txn{If: l.unchanged(), Then: writes})
	return err
}
