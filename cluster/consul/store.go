// Package consul keeps the contract of [cluster.Store] on Consul: a session is
// one of Consul's with behaviour "delete" and a ttl, without any check, and a
// version is a ModifyIndex.
//
// One session costs a request every third of its ttl; a watch costs one held
// request, renewed each minute while nothing changes.
package consul

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
	"concierge/cluster/lease"
)

// requestTimeout bounds one request that is not held: whoever waits for a store
// that is silent is better told that it is away.
const requestTimeout = 5 * time.Second

// Config says which Consul is asked and for whom. Client and Namespace of keys
// are needed.
type Config struct {
	Client *api.Client // belongs to the caller and outlives the store
	Keys   string      // what keys are below, for example concierge/production
	// Token is asked before each request, since a file may have a newer one;
	// without it the client's own is sent.
	Token func() (string, error)
	// Datacenter, Namespace and Partition are Consul's; empty is the client's own.
	Datacenter, Namespace, Partition string
}

// Store is a part of the keys of a Consul.
type Store struct {
	cfg     Config
	root    string
	keepers *lease.Group
}

var _ cluster.Store = (*Store)(nil)

// New returns the store; keys are below cfg.Keys/v1/. It asks Consul nothing.
func New(cfg Config) (*Store, error) {
	root, err := cluster.Root(cfg.Keys)
	if err != nil {
		return nil, err
	}
	return &Store{cfg: cfg, root: root, keepers: lease.NewGroup()}, nil
}

// Close implements [cluster.Store]. It waits until no session is kept any more.
func (s *Store) Close() error {
	s.keepers.Close()
	return nil
}

// request bounds a request, which the end of the store ends, too.
func (s *Store) request(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, release := s.keepers.Bound(ctx)
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	return ctx, func() { cancel(); release() }
}

// Read implements [cluster.Store]. The leader asks the others whether it still
// leads before it answers.
func (s *Store) Read(ctx context.Context, prefix string) (cluster.View, error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	view, err := s.list(ctx, prefix, &api.QueryOptions{RequireConsistent: true})
	return view, s.explain("reading "+prefix, err)
}

var errForeign = errors.New("the answer is not from Consul: it has no X-Consul-Index")

func (s *Store) list(ctx context.Context, prefix string, o *api.QueryOptions) (cluster.View, error) {
	token, err := s.token()
	if err != nil {
		return cluster.View{}, err
	}
	o.Token, o.Datacenter, o.Namespace, o.Partition = token, s.cfg.Datacenter, s.cfg.Namespace, s.cfg.Partition
	pairs, meta, err := s.cfg.Client.KV().List(s.root+prefix, o.WithContext(ctx))
	if err != nil {
		return cluster.View{}, err
	}
	if meta.LastIndex == 0 {
		return cluster.View{}, errForeign
	}
	v := cluster.View{Revision: meta.LastIndex, Entries: make([]cluster.Entry, len(pairs))}
	for i, p := range pairs {
		v.Entries[i] = cluster.Entry{
			Key:     strings.TrimPrefix(p.Key, s.root),
			Value:   p.Value,
			Version: cluster.Version(p.ModifyIndex),
			Owned:   p.Session != "",
		}
	}
	return v, nil
}

func (s *Store) token() (string, error) {
	if s.cfg.Token == nil {
		return "", nil
	}
	token, err := s.cfg.Token()
	if err != nil {
		return "", fmt.Errorf("asking for the token: %w", err)
	}
	return token, nil
}

// options are those of a request that changes something.
func (s *Store) options(ctx context.Context) (*api.WriteOptions, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	o := &api.WriteOptions{Token: token, Datacenter: s.cfg.Datacenter, Namespace: s.cfg.Namespace, Partition: s.cfg.Partition}
	return o.WithContext(ctx), nil
}
