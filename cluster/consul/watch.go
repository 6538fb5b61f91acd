package consul

import (
	"context"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
	"concierge/cluster/pace"
)

const (
	// holdFor is how long Consul holds a request without news, and up to a 16th
	// more.
	holdFor = time.Minute
	// A busy prefix is not read again at once, but after restPer for each of its
	// keys and restMin, at most restMax: each answer has the whole prefix, so
	// what a fleet costs would otherwise grow with the square of it. While there
	// are news each time, the rest doubles up to restBusy.
	restMin  = 100 * time.Millisecond
	restPer  = 200 * time.Microsecond
	restMax  = 2 * time.Second
	restBusy = time.Second
)

// Watch implements [cluster.Store].
func (s *Store) Watch(ctx context.Context, prefix string, see func(cluster.View)) error {
	bound, cancel := s.keepers.Bound(ctx)
	defer cancel()
	err := s.watch(bound, prefix, see)
	if ctx.Err() != nil {
		return nil
	}
	return s.explain("watching "+prefix, err)
}

func (s *Store) watch(ctx context.Context, prefix string, see func(cluster.View)) error {
	var last cluster.View
	index, busy := uint64(0), restMin/2 // the first answer comes at once, and is no sign of news
	for first := true; ; first = false {
		asked := time.Now()
		next, err := s.await(ctx, prefix, index)
		if err != nil {
			return err
		}
		if next.Revision < index {
			index = 0 // it falls when Consul forgets deletions: what is held begins anew
		} else {
			index = next.Revision
		}
		next.Revision = max(next.Revision, last.Revision)
		if first || !next.Same(last) {
			see(next)
		}
		last = next
		if busy = min(2*busy, restBusy); time.Since(asked) > restMin {
			busy = restMin
		}
		if err := pace.Rest(ctx, max(busy, min(restMin+restPer*time.Duration(len(next.Entries)), restMax))); err != nil {
			return err
		}
	}
}

// await asks for what is there, once it is not that of the index any more.
func (s *Store) await(ctx context.Context, prefix string, index uint64) (cluster.View, error) {
	wait := requestTimeout
	if index > 0 {
		wait += holdFor + holdFor/16
	}
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return s.list(ctx, prefix, &api.QueryOptions{WaitIndex: index, WaitTime: holdFor, RequireConsistent: index == 0})
}
