package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/cluster"
	"concierge/cluster/lease"
)

// session is a lease that is kept alive.
type session struct {
	*lease.Keeper
	store *Store
	lease clientv3.LeaseID
}

// Open implements [cluster.Store].
func (s *Store) Open(ctx context.Context, ttl time.Duration) (cluster.Session, error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	asked := time.Now()
	answer, err := s.client.Grant(ctx, int64(ttl/time.Second))
	if err != nil {
		return nil, s.explain("opening a session", err)
	}
	beat := &heartbeat{client: s.client, lease: answer.ID}
	o := &session{Keeper: lease.New(ttl, asked, beat.renew), store: s, lease: answer.ID}
	s.keepers.Keep(o.Keeper, beat.close)
	return o, nil
}

// ID implements [cluster.Session]. It is the lease as etcdctl writes it.
func (o *session) ID() string { return fmt.Sprintf("%x", int64(o.lease)) }

func (o *session) ended() bool {
	select {
	case <-o.Lost():
		return true
	default:
		return false
	}
}

// Close implements [cluster.Session]. Closing what has ended is no error.
func (o *session) Close(ctx context.Context) error {
	o.End()
	ctx, cancel := o.store.request(ctx)
	defer cancel()
	_, err := o.store.client.Revoke(ctx, o.lease)
	if err != nil && !errors.Is(err, rpctypes.ErrLeaseNotFound) {
		return o.store.explain("closing the session "+o.ID(), err)
	}
	return nil
}
