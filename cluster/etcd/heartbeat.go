package etcd

import (
	"context"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// heartbeat renews one lease over a stream of its own. The library's keep-alive
// does not tell when it sent what was answered, and a stream for each request
// would log in for each. It belongs to the goroutine of the keeper.
type heartbeat struct {
	client *clientv3.Client
	lease  clientv3.LeaseID
	stream etcdserverpb.Lease_LeaseKeepAliveClient // nil until needed, and after a failure
	end    context.CancelFunc                      // of stream
}

// renew is a [lease.Renew]. There is one request on the way at a time, so an
// answer is that of the request.
func (h *heartbeat) renew(ctx context.Context) (alive bool, err error) {
	if err := h.open(ctx); err != nil {
		return false, err
	}
	stop := context.AfterFunc(ctx, h.end)
	defer stop()
	err = h.stream.Send(&etcdserverpb.LeaseKeepAliveRequest{ID: int64(h.lease)})
	if err != nil {
		h.close()
		return false, err
	}
	answer, err := h.stream.Recv()
	if err != nil {
		h.close()
		return false, err
	}
	return answer.TTL > 0, nil
}

// open makes a stream that outlives ctx, which bounds only how long that takes.
func (h *heartbeat) open(ctx context.Context) error {
	if h.stream != nil {
		return nil
	}
	life, end := context.WithCancel(clientv3.WithRequireLeader(context.WithoutCancel(ctx)))
	stop := context.AfterFunc(ctx, end)
	stream, err := etcdserverpb.NewLeaseClient(h.client.ActiveConnection()).LeaseKeepAlive(life)
	if !stop() || err != nil {
		end()
		if err == nil {
			err = ctx.Err()
		}
		return err
	}
	h.stream, h.end = stream, end
	return nil
}

func (h *heartbeat) close() {
	if h.stream != nil {
		h.end()
		h.stream = nil
	}
}
