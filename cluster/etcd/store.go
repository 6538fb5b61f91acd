// Package etcd keeps the contract of [cluster.Store] on etcd: a session is a
// lease, a version is a mod_revision.
//
// One session costs one stream and a request every third of its ttl; a watch
// costs one stream and nothing while nothing changes.
package etcd

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/cluster"
	"concierge/cluster/lease"
)

// requestTimeout bounds one request: whoever waits for a store that is silent
// is better told that it is away.
const requestTimeout = 5 * time.Second

// Store is a namespace of an etcd.
type Store struct {
	client  *clientv3.Client
	root    string
	keepers *lease.Group
}

var _ cluster.Store = (*Store)(nil)

// New returns the namespace: keys are below namespace/v1/. The client belongs
// to the caller and outlives the store; its DialKeepAliveTime should be set,
// since only that notices a server that is silent to watches.
func New(client *clientv3.Client, namespace string) (*Store, error) {
	root, err := cluster.Root(namespace)
	if err != nil {
		return nil, err
	}
	return &Store{client: client, root: root, keepers: lease.NewGroup()}, nil
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

// Read implements [cluster.Store].
func (s *Store) Read(ctx context.Context, prefix string) (cluster.View, error) {
	ctx, cancel := s.request(ctx)
	defer cancel()
	answer, err := s.client.Get(ctx, s.root+prefix, clientv3.WithPrefix())
	if err != nil {
		return cluster.View{}, s.explain("reading "+prefix, err)
	}
	v := cluster.View{Revision: uint64(answer.Header.Revision), Entries: make([]cluster.Entry, len(answer.Kvs))}
	for i, kv := range answer.Kvs {
		v.Entries[i] = s.entry(kv)
	}
	return v, nil
}

func (s *Store) entry(kv *mvccpb.KeyValue) cluster.Entry {
	return cluster.Entry{
		Key:     strings.TrimPrefix(string(kv.Key), s.root),
		Value:   kv.Value,
		Version: cluster.Version(kv.ModRevision),
		Owned:   kv.Lease != 0,
	}
}

// Commit implements [cluster.Store].
func (s *Store) Commit(ctx context.Context, t cluster.Txn) (bool, error) {
	var conditions []clientv3.Cmp
	for _, c := range t.If {
		conditions = append(conditions, clientv3.Compare(clientv3.ModRevision(s.root+c.Key), "=", int64(c.Version)))
	}
	var writes []clientv3.Op
	for _, w := range t.Then {
		op, err := s.write(w)
		if err != nil {
			return false, s.explain("writing "+w.Key, err)
		}
		writes = append(writes, op)
	}
	ctx, cancel := s.request(ctx)
	defer cancel()
	answer, err := s.client.Txn(ctx).If(conditions...).Then(writes...).Commit()
	if err != nil {
		return false, s.explain("writing "+keys(t), err)
	}
	return answer.Succeeded, nil
}

func (s *Store) write(w cluster.Write) (clientv3.Op, error) {
	key := s.root + w.Key
	switch {
	case w.Delete:
		return clientv3.OpDelete(key), nil
	case w.Session == nil:
		return clientv3.OpPut(key, string(w.Value)), nil
	}
	owner, ok := w.Session.(*session)
	if !ok {
		return clientv3.Op{}, errors.New("its session is of another store")
	}
	if owner.ended() {
		return clientv3.Op{}, rpctypes.ErrLeaseNotFound
	}
	return clientv3.OpPut(key, string(w.Value), clientv3.WithLease(owner.lease)), nil
}

func keys(t cluster.Txn) string {
	names := make([]string, len(t.Then))
	for i, w := range t.Then {
		names[i] = w.Key
	}
	return strings.Join(names, ", ")
}
