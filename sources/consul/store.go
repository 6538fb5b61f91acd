package consul

import (
	"context"
	"fmt"
	"strings"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// Get implements [sources.Store].
func (s *Source) Get(ctx context.Context, key string) (sources.KeyPair, error) {
	opts, err := s.options(ctx, s.scope)
	if err != nil {
		return sources.KeyPair{}, err
	}
	pairs, _, err := s.get(key, opts)
	if err != nil {
		return sources.KeyPair{}, s.hints.explain("reading key "+key, err)
	}
	if len(pairs) == 0 {
		return sources.KeyPair{}, fmt.Errorf("key %s: %w in consul; concierge kv ls shows what there is", key, sources.ErrNotFound)
	}
	return pairs[0], nil
}

// List implements [sources.Store].
func (s *Source) List(ctx context.Context, prefix string) (sources.Pairs, error) {
	opts, err := s.options(ctx, s.scope)
	if err != nil {
		return nil, err
	}
	pairs, _, err := s.list(prefix, opts, keyList{})
	if err != nil {
		return nil, s.hints.explain("listing "+prefix, err)
	}
	return sources.Pairs(pairs), nil
}

// Put implements [sources.Store]. Flags of the key become zero.
func (s *Source) Put(ctx context.Context, key, value string, cas *uint64) error {
	if err := checkKey(key); err != nil {
		return err
	}
	opts, err := s.writeOptions(ctx)
	if err != nil {
		return err
	}
	pair := &api.KVPair{Key: strings.TrimPrefix(key, "/"), Value: []byte(value)}
	done := true
	if cas == nil {
		_, err = s.api.KV().Put(pair, opts)
	} else {
		pair.ModifyIndex = *cas
		done, _, err = s.api.KV().CAS(pair, opts)
	}
	switch what := "writing key " + key; {
	case err != nil:
		return s.hints.explain(what, err)
	case !done:
		return fmt.Errorf("%s: %w; read it again and repeat the edit", what, sources.ErrConflict)
	}
	return nil
}

// Delete implements [sources.Store]. Consul itself does not tell whether there
// was anything to delete, so the key is read first.
func (s *Source) Delete(ctx context.Context, key string) error {
	if _, err := s.Get(ctx, key); err != nil {
		return err
	}
	opts, err := s.writeOptions(ctx)
	if err != nil {
		return err
	}
	if _, err := s.api.KV().Delete(key, opts); err != nil {
		return s.hints.explain("deleting key "+key, err)
	}
	return nil
}

// DeleteTree implements [sources.Store]. The keys vanish in one step; they are
// counted just before it, since Consul does not count them.
func (s *Source) DeleteTree(ctx context.Context, prefix string) (int, error) {
	pairs, err := s.List(ctx, prefix)
	if err != nil || len(pairs) == 0 {
		return 0, err
	}
	opts, err := s.writeOptions(ctx)
	if err != nil {
		return 0, err
	}
	if _, err := s.api.KV().DeleteTree(prefix, opts); err != nil {
		return 0, s.hints.explain("deleting tree "+prefix, err)
	}
	return len(pairs), nil
}

// checkKey refuses keys that would end up as other keys: the path of an HTTP
// request is cleaned on its way.
func checkKey(key string) error {
	key = strings.TrimPrefix(key, "/")
	if key == "" {
		return fmt.Errorf("setting a key of consul: %w: the key is empty; name a key", sources.ErrInvalid)
	}
	for _, part := range strings.Split(strings.TrimSuffix(key, "/"), "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("setting key %s of consul: %w: %q is not allowed between slashes; leave it out", key, sources.ErrInvalid, part)
		}
	}
	return nil
}
