package consul

import (
	"cmp"
	"context"
	"net/http"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// read implements [reader]. Pairs are sorted as Consul sorts them: bytewise.
func (sp span) read(_ context.Context, s *Source, opts *api.QueryOptions, last answer) (answer, *api.QueryMeta, error) {
	if sp.recurse {
		older, _ := last.(ranged)
		return s.list(sp.path, opts, keyList{older: older})
	}
	pairs, meta, err := s.get(sp.path, opts)
	return ranged(pairs), meta, err
}

// get reads one key: no pair or one. The error is the API's own.
func (s *Source) get(key string, opts *api.QueryOptions) (sources.Pairs, *api.QueryMeta, error) {
	p, meta, err := s.api.KV().Get(key, opts)
	if err != nil || p == nil {
		return nil, meta, err
	}
	return sources.Pairs{keyPair(p)}, meta, nil
}

// list reads all keys that start with prefix into l.
func (s *Source) list(prefix string, opts *api.QueryOptions, l keyList) (ranged, *api.QueryMeta, error) {
	_, meta, err := s.api.KV().List(prefix, opts.WithContext(l.decoded(opts.Context())))
	if err != nil {
		return nil, nil, err
	}
	if l.older != nil && !lost(l.older, l.pairs) && !meta.ResultsFilteredByACLs {
		return l.pairs, meta, nil // nothing is missing
	}
	return l.pairs, meta, s.whole(prefix, meta, opts)
}

// whole returns an error if the token may not see all of a listing. Consul
// leaves out what it may not see, and says so, but not to those who show no
// token: they are probed with a plain read of the prefix, which is refused
// openly. A poll that was held is not: see [Source.read].
func (s *Source) whole(prefix string, meta *api.QueryMeta, opts *api.QueryOptions) error {
	if meta.ResultsFilteredByACLs {
		return api.StatusError{Code: http.StatusForbidden, Body: "the token may not read all keys there"}
	}
	if opts.Token != "" || meta.DefaultACLPolicy == "" || opts.WaitIndex > 0 { // no policy: no ACLs
		return nil
	}
	probe := *opts
	probe.WaitIndex = 0
	_, _, err := s.api.KV().Get(cmp.Or(prefix, "_"), &probe)
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
