package consul

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// options begins a read of the scope with the token as it is now.
func (s *Source) options(ctx context.Context, at scope) (*api.QueryOptions, error) {
	token, err := s.token.Current()
	if err != nil {
		return nil, fmt.Errorf("%w; see sources.consul.token_file", err)
	}
	return (&api.QueryOptions{
		Datacenter: at.dc,
		Namespace:  at.ns,
		Partition:  at.partition,
		Token:      token.Reveal(),
	}).WithContext(ctx), nil
}

// writeOptions begins an edit.
func (s *Source) writeOptions(ctx context.Context) (*api.WriteOptions, error) {
	read, err := s.options(ctx, s.scope)
	if err != nil {
		return nil, err
	}
	return (&api.WriteOptions{
		Datacenter: read.Datacenter,
		Namespace:  read.Namespace,
		Partition:  read.Partition,
		Token:      read.Token,
	}).WithContext(ctx), nil
}

// get reads one key: no pair or one. The error is the API's own.
func (s *Source) get(key string, opts *api.QueryOptions) (sources.Pairs, uint64, error) {
	p, meta, err := s.kv.Get(key, opts)
	if err != nil {
		return nil, 0, err
	}
	if p == nil {
		return nil, meta.LastIndex, nil
	}
	return sources.Pairs{keyPair(p)}, meta.LastIndex, nil
}

// list reads all keys that start with prefix, sorted as Consul sorts: bytewise.
func (s *Source) list(prefix string, opts *api.QueryOptions) (sources.Pairs, uint64, error) {
	found, meta, err := s.kv.List(prefix, opts)
	if err != nil {
		return nil, 0, err
	}
	if err := s.whole(prefix, meta, opts); err != nil {
		return nil, 0, err
	}
	pairs := make(sources.Pairs, len(found))
	for i, p := range found {
		pairs[i] = keyPair(p)
	}
	return pairs, meta.LastIndex, nil
}

// whole returns an error if the token may not see all of a listing. Consul
// leaves out what it may not see, and says so, but not to those who show no
// token: they are probed with a plain read of the prefix, which is refused
// openly.
func (s *Source) whole(prefix string, meta *api.QueryMeta, opts *api.QueryOptions) error {
	if meta.ResultsFilteredByACLs {
		return api.StatusError{Code: http.StatusForbidden, Body: "the token may not read all keys there"}
	}
	if opts.Token != "" || meta.DefaultACLPolicy == "" { // no policy: no ACLs
		return nil
	}
	probe := *opts
	probe.WaitIndex = 0
	_, _, err := s.kv.Get(cmp.Or(prefix, "_"), &probe)
	return err
}

func keyPair(p *api.KVPair) sources.KeyPair {
	return sources.KeyPair{
		Path:        p.Key,
		Value:       string(p.Value),
		CreateIndex: p.CreateIndex,
		ModifyIndex: p.ModifyIndex,
		LockIndex:   p.LockIndex,
		Flags:       p.Flags,
		Session:     p.Session,
	}
}
