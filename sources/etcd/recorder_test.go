package etcd_test

import (
	"context"
	"maps"
	"testing"
	"time"

	"concierge/sources"
	"concierge/sources/etcd"
)

// recorder runs a source and keeps what it publishes. It is for the test's
// goroutine.
type recorder struct {
	tb      testing.TB
	wanted  chan []sources.Query
	updates chan sources.Update

	values map[sources.Query]sources.Value
	failed map[sources.Query]error
	errs   []error
	count  int // updates with values
}

func record(tb testing.TB, s *etcd.Source, queries ...sources.Query) *recorder {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r := &recorder{
		tb: tb, wanted: make(chan []sources.Query), updates: make(chan sources.Update),
		values: make(map[sources.Query]sources.Value), failed: make(map[sources.Query]error),
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, r.wanted, func(u sources.Update) {
			select {
			case r.updates <- u:
			case <-ctx.Done():
			}
		})
	}()
	tb.Cleanup(func() { cancel(); <-done })
	r.want(queries...)
	return r
}

// want hands over a set, taking updates meanwhile.
func (r *recorder) want(queries ...sources.Query) {
	for {
		select {
		case r.wanted <- queries:
			return
		case u := <-r.updates:
			r.take(u)
		}
	}
}

func (r *recorder) take(u sources.Update) {
	maps.Copy(r.failed, u.Failed)
	for q, v := range u.Values {
		r.values[q] = v
		delete(r.failed, q)
	}
	if u.Err != nil {
		r.errs = append(r.errs, u.Err)
	}
	if len(u.Values) > 0 {
		r.count++
	}
}

// until takes updates until ok.
func (r *recorder) until(what string, ok func() bool) {
	r.tb.Helper()
	limit := time.NewTimer(40 * time.Second)
	defer limit.Stop()
	for !ok() {
		select {
		case u := <-r.updates:
			r.take(u)
		case <-limit.C:
			r.tb.Fatalf("waited in vain until %s; values %.500v, failed %v, errors %v", what, r.values, r.failed, r.errs)
		}
	}
}

func (r *recorder) value(q sources.Query, want string) {
	r.tb.Helper()
	r.until(q.String()+" is "+want, func() bool { return r.is(q, want) })
}

func (r *recorder) is(q sources.Query, want string) bool {
	pair, ok := r.values[q].Data.(sources.KeyPair)
	return ok && r.values[q].Exists && pair.Value == want
}
