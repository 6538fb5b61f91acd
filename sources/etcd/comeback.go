package etcd

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/connectivity"
)

// connectGrace is how long a try waits for a connection. One that takes longer is
// used by the next try.
const connectGrace = 100 * time.Millisecond

// pause waits for the next try.
func (s *session) pause(ctx context.Context) {
	wait := s.retry.Next()
	s.source.cfg.Meter.Retry(wait)
	client := s.source.conn.current()
	switch {
	case client == nil:
		rest(ctx, wait)
	case s.retry.Spread:
		s.comeBack(ctx, client.ActiveConnection(), wait)
	case client.ActiveConnection().GetState() == connectivity.Ready:
		rest(ctx, wait)
	default:
		connect(ctx, client.ActiveConnection(), wait)
	}
}

// comeBack waits, whether or not the connection is back before: a fleet whose
// instances go on when their connections are there goes on in step, since etcd
// takes connections for a while before it serves them. For the same reason
// nothing is asked while a connection is being made; then it waits again.
func (s *session) comeBack(ctx context.Context, conn *grpc.ClientConn, wait time.Duration) {
	for {
		rest(ctx, wait)
		connect(ctx, conn, connectGrace)
		if ctx.Err() != nil || conn.GetState() != connectivity.Connecting {
			return
		}
		s.ledger.outage(s.source.explain("connecting", errConnectionLost))
		wait = s.retry.Next()
	}
}

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// connect tries to connect if no member is connected, unless the library does so
// meanwhile. It returns when one is connected, and at the latest after so long.
func connect(ctx context.Context, conn *grpc.ClientConn, within time.Duration) {
	if conn.GetState() == connectivity.Ready {
		return
	}
	if within < redialAfter {
		conn.ResetConnectBackoff()
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	awaitReady(ctx, conn)
}

// awaitReady returns when a member is connected, or ctx ends.
func awaitReady(ctx context.Context, conn *grpc.ClientConn) {
	for {
		state := conn.GetState()
		if state == connectivity.Ready || !conn.WaitForStateChange(ctx, state) {
			return
		}
	}
}
