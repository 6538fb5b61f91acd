package render

import (
	"slices"
	"strings"

	"concierge/sources"
)

// lists are what ls and tree gave last. A list of thousands of pairs, of which
// one has changed, is made of the pairs that the last one was made of: that
// spares copies, and shows a loop at a glance what is the same.
type lists map[listOf][]*sources.KeyPair

// listOf identifies a list: children of a prefix, or all keys below it.
type listOf struct {
	query    sources.Query
	children bool
}

// of returns the pairs of the list, with their keys below the prefix. They are
// pointers for those who print them as a whole: that is what consul-template
// shows. Nobody may change them.
func (l lists) of(which listOf, pairs sources.Pairs) []*sources.KeyPair {
	last := l[which]
	list := make([]*sources.KeyPair, 0, len(pairs))
	copies := make(sources.Pairs, 0, len(pairs)-min(len(last), len(pairs))) // pointers into it stay good
	for i := range pairs {
		p := &pairs[i]
		key := strings.TrimLeft(strings.TrimPrefix(p.Path, which.query.Path), "/")
		if !which.has(key) {
			continue
		}
		for len(last) > 0 && last[0].Path < p.Path {
			last = last[1:]
		}
		if len(last) > 0 && isCopy(last[0], p, key) {
			list, last = append(list, last[0]), last[1:]
			continue
		}
		if len(copies) == cap(copies) {
			copies = make(sources.Pairs, 0, 1+len(pairs)/chunkPairs)
		}
		copies = append(copies, *p)
		copies[len(copies)-1].Key = key
		list = append(list, &copies[len(copies)-1])
	}
	l[which] = list
	return list
}

// isCopy reports whether c is p with the given key.
func isCopy(c, p *sources.KeyPair, key string) bool {
	if c.Path != p.Path || c.ModifyIndex != p.ModifyIndex || c.Value != p.Value || c.Key != key {
		return false
	}
	same := *p
	same.Key = key
	return *c == same
}

// has reports whether a list has a key. Folder markers end with a slash, and
// the prefix itself is an empty key.
func (which listOf) has(key string) bool {
	if which.children {
		return key != "" && !strings.Contains(key, "/")
	}
	return key != "" && !strings.HasSuffix(key, "/")
}

// keep forgets the lists that are not used any more.
func (l lists) keep(used []sources.Query) {
	for which := range l {
		if !slices.Contains(used, which.query) {
			delete(l, which)
		}
	}
}
