package etcd

import (
	"cmp"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/sources"
)

// index finds the queries that a key belongs to.
type index struct {
	keys    []sources.Query // those for a key, sorted by path
	trees   map[string][]sources.Query
	lengths []int // of the tree prefixes, each once
}

func newIndex(queries []sources.Query) index {
	x := index{keys: make([]sources.Query, 0, len(queries)), trees: make(map[string][]sources.Query)}
	for _, q := range queries {
		switch t, ok := targetOf(q); {
		case !ok:
		case t.tree:
			x.trees[t.path] = append(x.trees[t.path], q)
			x.lengths = append(x.lengths, len(t.path))
		default:
			x.keys = append(x.keys, q)
		}
	}
	slices.SortFunc(x.keys, func(a, b sources.Query) int { return strings.Compare(a.Path, b.Path) })
	slices.Sort(x.lengths)
	x.lengths = slices.Compact(x.lengths)
	return x
}

// match yields the queries whose answer the key is part of. Its cost does not
// grow with the number of trees, but with that of their different lengths.
func (x index) match(path string) iter.Seq[sources.Query] {
	return func(yield func(sources.Query) bool) {
		first, _ := slices.BinarySearchFunc(x.keys, path, func(q sources.Query, path string) int { return strings.Compare(q.Path, path) })
		for _, q := range x.keys[first:] {
			if q.Path != path {
				break
			}
			if !yield(q) {
				return
			}
		}
		for _, n := range x.lengths {
			if n > len(path) {
				return
			}
			for _, q := range x.trees[path[:n]] {
				if !yield(q) {
					return
				}
			}
		}
	}
}

// wants reports whether any query needs the key. Ranges cover more than that,
// and what nobody asked for is not kept in memory.
func (x index) wants(path string) bool {
	for range x.match(path) {
		return true
	}
	return false
}

// mirror is the wanted part of a realm at one revision: pairs sorted by
// path, each path once. The pairs are shared with published answers, so a
// change makes a new slice.
type mirror struct {
	realm
	pairs sources.Pairs
	log   *slog.Logger
	said  map[string]uint64 // versions of records that cannot be read, by path
}

// newMirror takes the pairs in any order, possibly repeated.
func newMirror(r realm, pairs sources.Pairs, log *slog.Logger) *mirror {
	slices.SortFunc(pairs, byPath)
	pairs = slices.CompactFunc(pairs, func(a, b sources.KeyPair) bool { return a.Path == b.Path })
	return &mirror{realm: r, pairs: pairs, log: log, said: make(map[string]uint64)}
}

// answer returns the present answer to a query.
func (m *mirror) answer(q sources.Query) sources.Value {
	t, _ := targetOf(q)
	from, exact := slices.BinarySearchFunc(m.pairs, sources.KeyPair{Path: t.path}, byPath)
	if !t.tree {
		if !exact {
			return sources.Value{}
		}
		return sources.Value{Exists: true, Data: m.pairs[from]}
	}
	pairs := m.below(from, t.path)
	switch {
	case inService(q):
		return m.services(q, pairs)
	case len(pairs) == 0:
		return sources.Value{}
	}
	return sources.Value{Exists: true, Data: pairs}
}

// below returns the pairs from that place on that start with the prefix.
func (m *mirror) below(from int, prefix string) sources.Pairs {
	n, _ := slices.BinarySearchFunc(m.pairs[from:], prefix, func(p sources.KeyPair, prefix string) int {
		if strings.HasPrefix(p.Path, prefix) {
			return -1
		}
		return 1
	})
	return m.pairs[from : from+n : from+n]
}

// change is the newest state of one key: a pair, or its absence.
type change struct {
	pair sources.KeyPair
	gone bool
}

// apply takes the events of complete revisions, oldest first, and returns the
// new answers of all queries they touch.
func (m *mirror) apply(events []*clientv3.Event) map[sources.Query]sources.Value {
	newest := make(map[string]change, len(events)) // by path
	touched := make(map[sources.Query]sources.Value)
	for _, e := range events {
		p, wanted := m.pair(e.Kv)
		if !wanted {
			continue
		}
		newest[p.Path] = change{pair: p, gone: e.Type == clientv3.EventTypeDelete}
		for q := range m.index.match(p.Path) {
			touched[q] = sources.Value{}
		}
	}
	if len(newest) == 0 {
		return nil
	}
	m.pairs = merge(m.pairs, newest)
	for q := range touched {
		touched[q] = m.answer(q)
	}
	return touched
}

// merge returns old with the changes made, in a new slice.
func merge(old sources.Pairs, newest map[string]change) sources.Pairs {
	out := make(sources.Pairs, 0, len(old)+len(newest))
	for _, path := range slices.Sorted(maps.Keys(newest)) {
		place, found := slices.BinarySearchFunc(old, sources.KeyPair{Path: path}, byPath)
		out, old = append(out, old[:place]...), old[place:]
		if found {
			old = old[1:]
		}
		if c := newest[path]; !c.gone {
			out = append(out, c.pair)
		}
	}
	return append(out, old...)
}

func byPath(a, b sources.KeyPair) int { return cmp.Compare(a.Path, b.Path) }
