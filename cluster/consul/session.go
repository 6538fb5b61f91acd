package consul

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
	"concierge/cluster/lease"
)

// session is one of Consul's that is renewed.
type session struct {
	*lease.Keeper
	store *Store
	id    string
}

// Open implements [cluster.Store]. The session has no checks: that of the node
// is gossip, and a moment's doubt of it would end every session of the host. It
// still ends when the agent that was asked leaves the cluster.
func (s *Store) Open(ctx context.Context, ttl time.Duration) (cluster.Session, error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	asked := time.Now()
	id, err := s.create(ctx, ttl)
	if err != nil {
		return nil, s.explain("opening a session", err)
	}
	o := &session{store: s, id: id}
	o.Keeper = lease.New(ttl, asked, o.renew)
	s.keepers.Keep(o.Keeper, func() {})
	return o, nil
}

func (s *Store) create(ctx context.Context, ttl time.Duration) (string, error) {
	o, err := s.options(ctx)
	if err != nil {
		return "", err
	}
	id, _, err := s.cfg.Client.Session().CreateNoChecks(&api.SessionEntry{
		Name:      "concierge",
		Behavior:  api.SessionBehaviorDelete,
		TTL:       ttl.String(),
		LockDelay: lockDelay,
	}, o)
	return id, err
}

// ID implements [cluster.Session].
func (o *session) ID() string { return o.id }

// renew is a [lease.Renew].
func (o *session) renew(ctx context.Context) (alive bool, err error) {
	opts, err := o.store.options(ctx)
	if err != nil {
		return false, err
	}
	_, err = o.store.cfg.Client.Raw().Write("/v1/session/renew/"+o.id, nil, nil, opts)
	if status, ok := errors.AsType[api.StatusError](err); ok && status.Code == http.StatusNotFound {
		return false, nil
	}
	return err == nil, err
}

// Close implements [cluster.Session]. Closing what has ended is no error.
func (o *session) Close(ctx context.Context) error {
	o.End()
	ctx, cancel := o.store.request(ctx)
	defer cancel()
	opts, err := o.store.options(ctx)
	if err == nil {
		_, err = o.store.cfg.Client.Session().Destroy(o.id, opts)
	}
	return o.store.explain("closing the session "+o.id, err)
}
