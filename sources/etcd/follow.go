package etcd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

// A progress notification is asked for again after nudgeEvery: etcd stays
// silent while one of the watchers lags. After maxNudges without any progress
// everything is read anew, rather than half a revision published.
const (
	nudgeEvery = 100 * time.Millisecond
	maxNudges  = 10
)

var (
	errConnectionLost = errors.New("the connection was lost")
	errNoProgress     = errors.New("no progress notification came")
	errWatchEnded     = errors.New("the watch ended")
)

// arrival is what one watcher delivered.
type arrival struct {
	watcher int
	answer  clientv3.WatchResponse
}

// follower watches ranges from one revision on.
type follower struct {
	client   *clientv3.Client
	spans    []span
	rev      int64
	apply    func([]*clientv3.Event) // complete revisions, oldest first
	arrivals chan arrival
	barrier  *barrier
	nudges   int // requests for progress since the last release
}

// follow delivers events until ctx or refresh ends it (nil), or until it has to
// be begun anew.
func (f *follower) follow(ctx context.Context, refresh <-chan time.Time) error {
	ctx, cancel := context.WithCancel(clientv3.WithRequireLeader(ctx))
	// An own watcher is an own gRPC stream, which logs in anew: the token of an
	// older stream may have expired.
	watcher := clientv3.NewWatcher(f.client)
	f.arrivals = make(chan arrival)
	f.barrier = newBarrier(len(f.spans), f.rev)
	lost := make(chan struct{})
	var wg sync.WaitGroup
	defer func() {
		cancel()
		_ = watcher.Close()
		wg.Wait()
	}()
	for i, s := range f.spans {
		wg.Go(func() { f.watch(ctx, watcher, i, s) })
	}
	wg.Go(func() {
		awaitLoss(ctx, f.client.ActiveConnection())
		close(lost)
	})
	return f.loop(ctx, watcher, lost, refresh)
}

// watch passes on what one watcher delivers.
func (f *follower) watch(ctx context.Context, w clientv3.Watcher, i int, s span) {
	key, end := bounds(s.realm, s.from, s.to)
	events := w.Watch(ctx, key, clientv3.WithRange(end), clientv3.WithRev(f.rev+1))
	for {
		answer, open := <-events
		if !open {
			answer = clientv3.WatchResponse{Canceled: true}
		}
		select {
		case f.arrivals <- arrival{watcher: i, answer: answer}:
		case <-ctx.Done():
			return
		}
		if !open {
			return
		}
	}
}

func (f *follower) loop(ctx context.Context, w clientv3.Watcher, lost <-chan struct{}, refresh <-chan time.Time) error {
	nudge := time.NewTicker(nudgeEvery)
	nudge.Stop()
	defer nudge.Stop()
	for {
		var err error
		select {
		case a := <-f.arrivals:
			if err = f.take(a); err == nil {
				err = f.deliver(ctx, w, nudge)
			}
		case <-nudge.C:
			err = f.nudge(ctx, w)
		case <-lost:
			err = errConnectionLost
		case <-refresh:
			return nil
		case <-ctx.Done():
			return nil
		}
		if ctx.Err() != nil {
			return nil // whatever else came with the end
		}
		if err != nil {
			return err
		}
	}
}

// take hands an arrival, and all that wait behind it, to the barrier.
func (f *follower) take(a arrival) error {
	for {
		if err := a.answer.Err(); err != nil {
			return fmt.Errorf("watching: %w", err)
		}
		if a.answer.Canceled {
			return errWatchEnded
		}
		f.barrier.take(a.watcher, a.answer)
		select {
		case a = <-f.arrivals:
		default:
			return nil
		}
	}
}

// deliver applies what is complete. While something is held it asks for
// progress, at once and then at each tick.
func (f *follower) deliver(ctx context.Context, w clientv3.Watcher, nudge *time.Ticker) error {
	waiting := f.nudges > 0
	if events := f.barrier.release(); len(events) > 0 {
		f.apply(events)
		f.nudges, waiting = 0, false
	}
	if len(f.barrier.held) == 0 {
		nudge.Stop()
		return nil
	}
	if waiting {
		return nil
	}
	nudge.Reset(nudgeEvery)
	return f.nudge(ctx, w)
}

func (f *follower) nudge(ctx context.Context, w clientv3.Watcher) error {
	if f.nudges++; f.nudges > maxNudges {
		return errNoProgress
	}
	ctx, cancel := context.WithTimeout(ctx, nudgeEvery*maxNudges)
	defer cancel()
	if err := w.RequestProgress(ctx); err != nil {
		return fmt.Errorf("asking for a progress notification: %w", err)
	}
	return nil
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
