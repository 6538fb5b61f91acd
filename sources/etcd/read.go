package etcd

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/sources"
)

const (
	requestTimeout = 5 * time.Second // of one request
	maxOps         = 128             // of one transaction; etcd's default limit
	pageSize       = 1000            // keys of the first answer of a range
	pageBytes      = 4 << 20         // of further answers, about

	// A range of keys that holds more than one page, and more than sparseness
	// keys for each that is wanted, is read key by key instead.
	sparseness = 16
)

// reader reads ranges at one revision, that of its first answer.
type reader struct {
	client *clientv3.Client
	realms []realm // what is kept

	rev     int64
	pairs   []sources.Pairs  // by realm
	watch   []span           // the ranges that could be read
	refused map[target]error // the targets that may not be read
}

func newReader(client *clientv3.Client, realms ...realm) *reader {
	return &reader{client: client, realms: realms, pairs: make([]sources.Pairs, len(realms)), refused: make(map[target]error)}
}

// read reads all spans.
func (r *reader) read(ctx context.Context, spans []span) error {
	for chunk := range slices.Chunk(spans, maxOps) {
		err := r.together(ctx, chunk)
		if errors.Is(err, rpctypes.ErrPermissionDenied) {
			err = r.apart(ctx, chunk)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// together reads the spans in one request.
func (r *reader) together(ctx context.Context, spans []span) error {
	var ops []clientv3.Op
	for _, s := range spans {
		ops = append(ops, r.get(s, s.from, pageSize))
	}
	limited, cancel := context.WithTimeout(ctx, requestTimeout)
	answer, err := r.client.Txn(limited).Then(ops...).Commit()
	cancel()
	if err != nil {
		return err
	}
	r.began(answer.Header.Revision)
	for i, s := range spans {
		if err := r.page(ctx, s, (*clientv3.GetResponse)(answer.Responses[i].GetResponseRange())); err != nil {
			return err
		}
	}
	return nil
}

// apart reads the spans one by one, and those that are refused target by
// target: the user may be allowed some of them.
func (r *reader) apart(ctx context.Context, spans []span) error {
	for _, s := range spans {
		err := r.one(ctx, s)
		switch {
		case !errors.Is(err, rpctypes.ErrPermissionDenied):
		case len(s.targets) > 1:
			err = r.apart(ctx, s.split())
		default:
			r.refused[s.targets[0]] = err
			err = nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) one(ctx context.Context, s span) error {
	answer, err := r.request(ctx, s, s.from, pageSize)
	if err != nil {
		return err
	}
	r.began(answer.Header.Revision)
	return r.page(ctx, s, answer)
}

// page takes the first page of a span and reads the others.
func (r *reader) page(ctx context.Context, s span, answer *clientv3.GetResponse) error {
	if s.sparse(answer.Count) {
		return r.read(ctx, s.split())
	}
	r.keep(answer.Kvs)
	for answer.More && len(answer.Kvs) > 0 {
		last := string(answer.Kvs[len(answer.Kvs)-1].Key)
		next, err := r.request(ctx, s, strings.TrimPrefix(last, s.realm)+"\x00", nextLimit(answer.Kvs))
		if err != nil {
			return err
		}
		answer = next
		r.keep(answer.Kvs)
	}
	r.watch = append(r.watch, s)
	return nil
}

func (r *reader) request(ctx context.Context, s span, from string, limit int64) (*clientv3.GetResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	answer, err := r.client.Do(ctx, r.get(s, from, limit))
	return answer.Get(), err
}

// nextLimit returns how many keys the next page may have, going by the size of
// this one. For each page etcd counts all keys to the end of the range, so a
// large range wants large ones.
func nextLimit(kvs []*mvccpb.KeyValue) int64 {
	size := 1
	for _, kv := range kvs {
		size += len(kv.Key) + len(kv.Value)
	}
	return int64(min(max(pageBytes*len(kvs)/size, pageSize/10), 50*pageSize))
}

// get is the request for a page of a range, which begins at from, at the revision
// of the answers before it.
func (r *reader) get(s span, from string, limit int64) clientv3.Op {
	key, end := bounds(s.realm, from, s.to)
	return clientv3.OpGet(key, clientv3.WithRange(end), clientv3.WithLimit(limit), clientv3.WithRev(r.rev))
}

func (r *reader) began(rev int64) {
	if r.rev == 0 {
		r.rev = rev
	}
}

func (r *reader) keep(kvs []*mvccpb.KeyValue) {
	for _, kv := range kvs {
		for i, realm := range r.realms {
			if p, wanted := realm.pair(kv); wanted {
				r.pairs[i] = append(r.pairs[i], p)
			}
		}
	}
}

// sparse reports whether a range of count keys is mostly keys nobody wants.
func (s span) sparse(count int64) bool {
	keysOnly := !slices.ContainsFunc(s.targets, func(t target) bool { return t.tree })
	return keysOnly && len(s.targets) > 1 && count > pageSize && count > int64(sparseness*len(s.targets))
}

// bounds returns a range as etcd takes it: "\x00" stands for the lowest key,
// and as an end for none at all.
func bounds(prefix, from, to string) (key, end string) {
	key, end = prefix+from, prefix+to
	if to == "" {
		end = prefixEnd(prefix)
	}
	if key == "" {
		key = "\x00"
	}
	if end == "" {
		end = "\x00"
	}
	return key, end
}

func pairOf(kv *mvccpb.KeyValue, prefix string) sources.KeyPair {
	return sources.KeyPair{
		Path:        strings.TrimPrefix(string(kv.Key), prefix),
		Value:       string(kv.Value),
		CreateIndex: uint64(kv.CreateRevision),
		ModifyIndex: uint64(kv.ModRevision),
	}
}
