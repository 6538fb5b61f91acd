package etcd

import (
	"context"
	"errors"
	"slices"
	"sync"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"

	"concierge/cluster"
)

var (
	errEnded  = errors.New("the watch ended")
	errNoConn = errors.New("the connection was lost")
)

// Watch implements [cluster.Store]. What etcd has compacted away meanwhile is
// read anew.
func (s *Store) Watch(ctx context.Context, prefix string, see func(cluster.View)) error {
	for {
		view, err := s.Read(ctx, prefix)
		if err != nil {
			return unlessOver(ctx, err)
		}
		see(view)
		if again, err := s.follow(ctx, prefix, view, see); !again {
			return unlessOver(ctx, err)
		}
	}
}

func unlessOver(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// follow tells of the changes after a view. It asks for another read when etcd
// no longer knows them all.
func (s *Store) follow(ctx context.Context, prefix string, view cluster.View, see func(cluster.View)) (again bool, err error) {
	ctx, cancel := s.keepers.Bound(clientv3.WithRequireLeader(ctx))
	// An own watcher is an own stream, which logs in anew: the token of an older
	// one may have expired.
	watcher := clientv3.NewWatcher(s.client)
	lost := make(chan struct{})
	var guard sync.WaitGroup
	defer func() {
		cancel()
		_ = watcher.Close() // of its own context's end only
		guard.Wait()
	}()
	guard.Go(func() {
		awaitLoss(ctx, s.client.ActiveConnection())
		close(lost)
	})
	events := watcher.Watch(ctx, s.root+prefix, clientv3.WithPrefix(), clientv3.WithRev(int64(view.Revision)+1), clientv3.WithProgressNotify())
	for {
		select {
		case answer, open := <-events:
			answers, err := drain(answer, open, events)
			if view = s.apply(view, answers, see); err != nil {
				return slices.ContainsFunc(answers, compacted), s.explain("watching "+prefix, err)
			}
		case <-lost:
			return false, s.explain("watching "+prefix, errNoConn)
		}
	}
}

func compacted(answer clientv3.WatchResponse) bool { return answer.CompactRevision != 0 }

// drain takes what else has arrived, so that a burst is told once.
func drain(answer clientv3.WatchResponse, open bool, events clientv3.WatchChan) (answers []clientv3.WatchResponse, err error) {
	for {
		if !open {
			return answers, errEnded
		}
		answers = append(answers, answer)
		if err := answer.Err(); err != nil {
			return answers, err
		}
		select {
		case answer, open = <-events:
		default:
			return answers, nil
		}
	}
}

// apply tells the view after the answers, if they have news.
func (s *Store) apply(view cluster.View, answers []clientv3.WatchResponse, see func(cluster.View)) cluster.View {
	next := cluster.View{Revision: view.Revision, Entries: slices.Clone(view.Entries)}
	news := false
	for _, a := range answers {
		for _, e := range a.Events {
			entry := s.entry(e.Kv)
			if e.Type == clientv3.EventTypeDelete {
				entry.Version = cluster.Absent
			}
			next, news = next.With(entry), true
		}
		next.Revision = max(next.Revision, uint64(a.Header.Revision))
	}
	if news {
		see(next)
	}
	return next
}

// awaitLoss returns when no member is connected, or ctx ends. The library
// itself would try to resume a watch for ever and say nothing.
func awaitLoss(ctx context.Context, conn *grpc.ClientConn) {
	for conn.GetState() == connectivity.Ready {
		if !conn.WaitForStateChange(ctx, connectivity.Ready) {
			return
		}
	}
}
