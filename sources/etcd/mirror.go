package etcd

import (
	"cmp"
	"iter"
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
		switch q.Kind {
		case sources.Key:
			x.keys = append(x.keys, q)
		case sources.Tree:
			x.trees[q.Path] = append(x.trees[q.Path], q)
			x.lengths = append(x.lengths, len(q.Path))
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

// mirror is the wanted part of the store at one revision: pairs sorted by
// path, each path once. The pairs are shared with published answers, so a
// change makes a new slice.
type mirror struct {
	index index
	pairs sources.Pairs
}

// newMirror takes the pairs in any order, possibly repeated.
func newMirror(x index, pairs sources.Pairs) *mirror {
	slices.SortFunc(pairs, byPath)
	pairs = slices.CompactFunc(pairs, func(a, b sources.KeyPair) bool { return a.Path == b.Path })
	return &mirror{index: x, pairs: pairs}
}

// answer returns the present answer to a query.
func (m *mirror) answer(q sources.Query) sources.Value {
	from, exact := slices.BinarySearchFunc(m.pairs, sources.KeyPair{Path: q.Path}, byPath)
	if q.Kind == sources.Key {
		if !exact {
			return sources.Value{}
		}
		return sources.Value{Exists: true, Data: m.pairs[from]}
	}
	n, _ := slices.BinarySearchFunc(m.pairs[from:], q.Path, func(p sources.KeyPair, prefix string) int {
		if strings.HasPrefix(p.Path, prefix) {
			return -1
		}
		return 1
	})
	if n == 0 {
		return sources.Value{}
	}
	return sources.Value{Exists: true, Data: m.pairs[from : from+n : from+n]}
}

// change is the newest state of one key: a pair, or its absence.
type change struct {
	pair sources.KeyPair
	gone bool
}

// apply takes the events of complete revisions, oldest first, and returns the
// new answers of all queries they touch.
func (m *mirror) apply(events []*clientv3.Event, prefix string) map[sources.Query]sources.Value {
	newest := make(map[string]change, len(events)) // by path
	touched := make(map[sources.Query]sources.Value)
	for _, e := range events {
		path := strings.TrimPrefix(string(e.Kv.Key), prefix)
		if !m.index.wants(path) {
			continue
		}
		newest[path] = change{pair: pairOf(e.Kv, prefix), gone: e.Type == clientv3.EventTypeDelete}
		for q := range m.index.match(path) {
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
