package etcd

import (
	"maps"
	"strings"

	"go.etcd.io/etcd/api/v3/mvccpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/sources"
)

// realm is a prefix of the store, and the queries that are answered from what is
// below it. There are two: the keys of the configured prefix, and the services
// of the cluster. They may overlap.
type realm struct {
	prefix string
	index  index
}

// inService reports whether a query is one of those that the services of the
// cluster answer.
func inService(q sources.Query) bool {
	return q.Kind == sources.Service || q.Kind == sources.ServiceList
}

// targetOf returns what a query wants of its realm; ok is false for kinds etcd
// has not.
func targetOf(q sources.Query) (t target, ok bool) {
	switch q.Kind {
	case sources.Key:
		return target{path: q.Path}, true
	case sources.Tree:
		return target{path: q.Path, tree: true}, true
	case sources.Service:
		return target{path: segment(q.Path) + "/", tree: true}, true
	case sources.ServiceList:
		return target{tree: true}, true
	}
	return target{}, false
}

// target returns what a query wants of the store.
func (s *Source) target(q sources.Query) (t target, ok bool) {
	t, ok = targetOf(q)
	t.realm = s.cfg.Prefix
	if inService(q) {
		t.realm = s.services
	}
	return t, ok
}

// plans covers the targets, of whichever realm, with few ranges.
func plans(targets []target) (spans []span) {
	byRealm := make(map[string][]target)
	for _, t := range targets {
		byRealm[t.realm] = append(byRealm[t.realm], t)
	}
	for _, of := range byRealm {
		spans = append(spans, plan(of)...)
	}
	return spans
}

// pair returns the key if any query of the realm needs it.
func (r realm) pair(kv *mvccpb.KeyValue) (p sources.KeyPair, wanted bool) {
	path, below := strings.CutPrefix(string(kv.Key), r.prefix)
	if !below || !r.index.wants(path) {
		return p, false
	}
	return pairOf(kv, r.prefix), true
}

// realms are the two, with those queries that each answers.
func (s *Source) realms(queries []sources.Query) []realm {
	var keys, services []sources.Query
	for _, q := range queries {
		switch {
		case !inService(q):
			keys = append(keys, q)
		case s.unanswerable(q) == nil:
			services = append(services, q)
		}
	}
	return []realm{{s.cfg.Prefix, newIndex(keys)}, {s.services, newIndex(services)}}
}

// mirrors are those of the two realms, in their order.
type mirrors [2]*mirror

func (s *Source) mirrors(r *reader) mirrors {
	return mirrors{newMirror(r.realms[0], r.pairs[0], s.log), newMirror(r.realms[1], r.pairs[1], s.log)}
}

func (m mirrors) answer(q sources.Query) sources.Value {
	if inService(q) {
		return m[1].answer(q)
	}
	return m[0].answer(q)
}

func (m mirrors) apply(events []*clientv3.Event) map[sources.Query]sources.Value {
	touched := m[0].apply(events)
	services := m[1].apply(events)
	if touched == nil {
		return services
	}
	maps.Copy(touched, services)
	return touched
}
