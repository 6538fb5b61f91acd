package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"concierge/cluster"
	clusterconsul "concierge/cluster/consul"
	clusteretcd "concierge/cluster/etcd"
	"concierge/internal/config"
	"concierge/sources"
	"concierge/sources/consul"
	"concierge/sources/etcd"
)

// fleetStore opens the store of the cluster section when it is first needed:
// with a user name a client of etcd cannot be made while etcd is away.
type fleetStore struct {
	open func(ctx context.Context) (cluster.Store, func(), error)

	mu     sync.Mutex
	store  cluster.Store // guarded by mu; nil until needed
	hangUp func()        // guarded by mu
	closed bool          // guarded by mu
}

// newFleetStore returns the store that a configuration names. It connects to
// nothing yet.
func newFleetStore(cfg *config.Config, log *slog.Logger) *fleetStore {
	namespace := cfg.Cluster.Namespace
	if c := cfg.Sources.Consul; c != nil && cfg.Cluster.Store != etcdName {
		return &fleetStore{open: func(context.Context) (cluster.Store, func(), error) { return dialConsul(c, namespace, log) }}
	}
	return &fleetStore{open: func(ctx context.Context) (cluster.Store, func(), error) {
		return dialEtcd(ctx, cfg.Sources.Etcd, namespace, log)
	}}
}

func dialConsul(c *config.Consul, namespace string, log *slog.Logger) (cluster.Store, func(), error) {
	access, err := consul.Dial(consulConfig(c, log, sources.Unmetered{}))
	if err != nil {
		return nil, nil, err
	}
	store, err := clusterconsul.New(clusterconsul.Config{
		Client: access.Client, Keys: namespace, Token: access.Token,
		Datacenter: c.Datacenter, Namespace: c.Namespace, Partition: c.Partition,
	})
	return store, access.Close, err
}

func dialEtcd(ctx context.Context, e *config.Etcd, namespace string, log *slog.Logger) (cluster.Store, func(), error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(e.DialTimeout, 5*time.Second))
	defer cancel()
	client, err := etcd.Dial(ctx, etcdConfig(e, log, sources.Unmetered{}))
	if err != nil {
		return nil, nil, err
	}
	store, err := clusteretcd.New(client, namespace)
	if err != nil {
		_ = client.Close() // it has done nothing
		return nil, nil, err
	}
	return store, func() { _ = client.Close() }, nil
}

var errFleetClosed = errors.New("the cluster's store is closed")

// get returns the open store.
func (f *fleetStore) get(ctx context.Context) (cluster.Store, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errFleetClosed
	}
	if f.store == nil {
		store, hangUp, err := f.open(ctx)
		if err != nil {
			return nil, fmt.Errorf("opening the cluster's store: %w", err)
		}
		f.store, f.hangUp = store, hangUp
	}
	return f.store, nil
}

// Read implements [cluster.Store].
func (f *fleetStore) Read(ctx context.Context, prefix string) (cluster.View, error) {
	s, err := f.get(ctx)
	if err != nil {
		return cluster.View{}, err
	}
	return s.Read(ctx, prefix)
}

// Watch implements [cluster.Store].
func (f *fleetStore) Watch(ctx context.Context, prefix string, see func(cluster.View)) error {
	s, err := f.get(ctx)
	if err != nil {
		return err
	}
	return s.Watch(ctx, prefix, see)
}

// Commit implements [cluster.Store].
func (f *fleetStore) Commit(ctx context.Context, t cluster.Txn) (bool, error) {
	s, err := f.get(ctx)
	if err != nil {
		return false, err
	}
	return s.Commit(ctx, t)
}

// Open implements [cluster.Store].
func (f *fleetStore) Open(ctx context.Context, ttl time.Duration) (cluster.Session, error) {
	s, err := f.get(ctx)
	if err != nil {
		return nil, err
	}
	return s.Open(ctx, ttl)
}

// Close implements [cluster.Store]. It may be called twice.
func (f *fleetStore) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	store, hangUp := f.store, f.hangUp
	f.closed, f.store = true, nil
	if store == nil {
		return nil
	}
	defer hangUp()
	return store.Close()
}

var _ cluster.Store = (*fleetStore)(nil)
