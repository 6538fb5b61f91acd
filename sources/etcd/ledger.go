package etcd

import (
	"slices"

	"concierge/sources"
)

// ledger knows what was published, so that only news is. It belongs to the
// goroutine that serves.
type ledger struct {
	name    string
	publish func(sources.Update)
	known   map[sources.Query]sources.Value
	failed  map[sources.Query]string // the error as it was reported
	away    bool                     // an outage was reported and has not ended
}

func newLedger(name string, publish func(sources.Update)) *ledger {
	return &ledger{
		name: name, publish: publish,
		known: make(map[sources.Query]sources.Value), failed: make(map[sources.Query]string),
	}
}

// keep forgets all queries that are not in the set: wanted again, they are
// answered again.
func (l *ledger) keep(set []sources.Query) {
	in := make(map[sources.Query]struct{}, len(set))
	for _, q := range set {
		in[q] = struct{}{}
	}
	for q := range l.known {
		if _, ok := in[q]; !ok {
			delete(l.known, q)
		}
	}
	for q := range l.failed {
		if _, ok := in[q]; !ok {
			delete(l.failed, q)
		}
	}
}

// answer publishes what is new, and the end of an outage.
func (l *ledger) answer(values map[sources.Query]sources.Value, refused map[sources.Query]error) {
	u := sources.Update{
		Source: l.name,
		Values: make(map[sources.Query]sources.Value, len(values)), Failed: make(map[sources.Query]error),
	}
	if len(l.known) == 0 {
		l.known = make(map[sources.Query]sources.Value, len(values))
	}
	for q, err := range refused {
		if l.failed[q] != err.Error() {
			u.Failed[q] = err
			l.failed[q] = err.Error()
		}
	}
	for q, v := range values {
		_, failed := l.failed[q]
		if old, known := l.known[q]; known && !failed && old.Equal(v) {
			continue
		}
		delete(l.failed, q)
		u.Values[q], l.known[q] = v, v
	}
	if len(u.Values) > 0 || len(u.Failed) > 0 || l.away {
		l.away = false
		l.publish(u)
	}
}

// outage publishes that the store is away, once until it has answered again.
func (l *ledger) outage(err error) {
	if !l.away {
		l.away = true
		l.publish(sources.Update{Source: l.name, Err: err})
	}
}

// refusals reports whether any of the queries failed.
func (l *ledger) refusals(queries []sources.Query) bool {
	return slices.ContainsFunc(queries, func(q sources.Query) bool { _, ok := l.failed[q]; return ok })
}
