package etcd

import (
	"cmp"
	"slices"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// barrier holds events back until all watchers are past their revision, so
// that a transaction over several ranges stays whole.
type barrier struct {
	shown []int64 // by watcher: all its events up to this revision have arrived
	held  []*clientv3.Event
}

func newBarrier(watchers int, rev int64) *barrier {
	return &barrier{shown: slices.Repeat([]int64{rev}, watchers)}
}

// take notes what a watcher delivered. Only its last event tells how far it
// is: the header of a response with events may be ahead of them, while a
// watcher that lags is fed in portions. A response without events is a
// progress notification, for which the header counts.
func (b *barrier) take(watcher int, answer clientv3.WatchResponse) {
	upTo := answer.Header.Revision
	if n := len(answer.Events); n > 0 {
		upTo = answer.Events[n-1].Kv.ModRevision
	}
	b.shown[watcher] = max(b.shown[watcher], upTo)
	b.held = append(b.held, answer.Events...)
}

// release returns the events that every watcher is past, oldest first.
func (b *barrier) release() []*clientv3.Event {
	if len(b.held) == 0 {
		return nil
	}
	slices.SortStableFunc(b.held, func(x, y *clientv3.Event) int {
		return cmp.Compare(x.Kv.ModRevision, y.Kv.ModRevision)
	})
	upTo := slices.Min(b.shown)
	n, _ := slices.BinarySearchFunc(b.held, upTo+1, func(e *clientv3.Event, rev int64) int {
		return cmp.Compare(e.Kv.ModRevision, rev)
	})
	out := b.held[:n:n]
	b.held = b.held[n:]
	return out
}
