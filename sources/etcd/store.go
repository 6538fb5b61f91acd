package etcd

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/sources"
)

// Get implements [sources.Store].
func (s *Source) Get(ctx context.Context, key string) (pair sources.KeyPair, err error) {
	err = s.request(ctx, fmt.Sprintf("reading %q", key), func(ctx context.Context, c *clientv3.Client) error {
		answer, err := c.Get(ctx, s.cfg.Prefix+key)
		if err != nil {
			return err
		}
		if len(answer.Kvs) == 0 {
			return sources.ErrNotFound
		}
		pair = pairOf(answer.Kvs[0], s.cfg.Prefix)
		return nil
	})
	return pair, err
}

// List implements [sources.Store]. All pairs are of one revision.
func (s *Source) List(ctx context.Context, prefix string) (sources.Pairs, error) {
	q := sources.Query{Kind: sources.Tree, Path: prefix}
	t, _ := s.target(q)
	var pairs sources.Pairs
	err := s.conn.do(ctx, func(c *clientv3.Client) error {
		r := newReader(c, realm{s.cfg.Prefix, newIndex([]sources.Query{q})})
		err := r.one(ctx, t.span())
		pairs = r.pairs[0]
		return err
	})
	return pairs, s.explain(fmt.Sprintf("listing %q", prefix), err)
}

// Put implements [sources.Store].
func (s *Source) Put(ctx context.Context, key, value string, cas *uint64) error {
	put := clientv3.OpPut(s.cfg.Prefix+key, value)
	return s.request(ctx, fmt.Sprintf("writing %q", key), func(ctx context.Context, c *clientv3.Client) error {
		if cas == nil {
			_, err := c.Do(ctx, put)
			return err
		}
		same := clientv3.Compare(clientv3.ModRevision(s.cfg.Prefix+key), "=", int64(*cas))
		answer, err := c.Txn(ctx).If(same).Then(put).Commit()
		if err == nil && !answer.Succeeded {
			return sources.ErrConflict
		}
		return err
	})
}

// Delete implements [sources.Store].
func (s *Source) Delete(ctx context.Context, key string) error {
	return s.request(ctx, fmt.Sprintf("deleting %q", key), func(ctx context.Context, c *clientv3.Client) error {
		answer, err := c.Delete(ctx, s.cfg.Prefix+key)
		if err == nil && answer.Deleted == 0 {
			return sources.ErrNotFound
		}
		return err
	})
}

// DeleteTree implements [sources.Store]. It is one step.
func (s *Source) DeleteTree(ctx context.Context, prefix string) (n int, err error) {
	from, to := bounds(s.cfg.Prefix, prefix, prefixEnd(prefix))
	err = s.request(ctx, fmt.Sprintf("deleting all keys that start with %q", prefix), func(ctx context.Context, c *clientv3.Client) error {
		answer, err := c.Delete(ctx, from, clientv3.WithRange(to))
		if err == nil {
			n = int(answer.Deleted)
		}
		return err
	})
	return n, err
}

// request calls f with a bounded context and explains its error.
func (s *Source) request(ctx context.Context, doing string, f func(context.Context, *clientv3.Client) error) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	return s.explain(doing, s.conn.do(ctx, func(c *clientv3.Client) error { return f(ctx, c) }))
}
