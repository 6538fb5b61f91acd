package consul

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"concierge/sources"
)

const (
	// mergeKeys is how many keys of one directory make one recursive query
	// cheaper than a long poll each. A handful of keys beside thousands of
	// unwanted ones should not make us read them all at each change.
	mergeKeys = 8

	// maxSpans bounds the long polls of one source, well below the 200
	// connections that Consul grants a client address.
	maxSpans = 64
)

// scope is where Consul looks for an answer.
type scope struct{ dc, ns, partition string }

func (s scope) where() scope { return s }

// in completes the scope that q names.
func (s scope) in(q sources.Query) scope {
	opts := q.Opts()
	return scope{
		dc:        cmp.Or(opts.Datacenter, s.dc),
		ns:        cmp.Or(opts.Namespace, s.ns),
		partition: cmp.Or(opts.Partition, s.partition),
	}
}

// span is what one long poll reads: a key, or everything that starts with path.
type span struct {
	scope
	path    string
	recurse bool
}

func (s span) String() string {
	if s.recurse {
		return "tree " + s.path
	}
	return "key " + s.path
}

// plan maps spans to the queries they serve. alone holds spans that may serve
// nothing but a query of exactly that path, because the token may not list
// there. The result depends on nothing but the arguments.
func plan(queries []sources.Query, defaults scope, alone map[span]bool) map[span][]sources.Query {
	c := make(cover)
	c.add(queries, defaults, alone)
	c.absorb(alone)
	c.mergeUpward(alone)
	served := make(map[span][]sources.Query, len(c))
	recursive := c.recursive(alone)
	for _, q := range queries {
		sp := exact(q, defaults)
		if _, ok := c[sp]; !ok {
			sp = *covering(recursive[sp.scope], sp.path)
		}
		served[sp] = append(served[sp], q)
	}
	return served
}

// exact is the span that serves q and nothing else.
func exact(q sources.Query, defaults scope) span {
	return span{scope: defaults.in(q), path: q.Path, recurse: q.Kind == sources.Tree}
}

// cover is a set of spans on its way to becoming a plan.
type cover map[span]struct{}

// absorb drops every span that another one covers.
func (c cover) absorb(alone map[span]bool) {
	recursive := c.recursive(alone)
	for sp := range c {
		if by := covering(recursive[sp.scope], sp.path); by != nil && *by != sp {
			delete(c, sp)
		}
	}
}

// recursive returns the spans that may serve others, outermost only, sorted.
func (c cover) recursive(alone map[span]bool) map[scope][]span {
	var candidates []span
	for sp := range c {
		if sp.recurse && !alone[sp] {
			candidates = append(candidates, sp)
		}
	}
	slices.SortFunc(candidates, bySpan)
	all := make(map[scope][]span)
	for _, sp := range candidates {
		outer := all[sp.scope]
		if n := len(outer); n > 0 && strings.HasPrefix(sp.path, outer[n-1].path) {
			continue
		}
		all[sp.scope] = append(outer, sp)
	}
	return all
}

// covering returns the one span of a sorted list of disjoint ones that covers
// path, or nil.
func covering(outer []span, path string) *span {
	i, found := slices.BinarySearchFunc(outer, path, func(sp span, path string) int {
		return strings.Compare(sp.path, path)
	})
	if found {
		return &outer[i]
	}
	if i > 0 && strings.HasPrefix(path, outer[i-1].path) {
		return &outer[i-1]
	}
	return nil
}

// add adds a span for each query. Directories with many wanted keys are read as
// a whole. The top level is no directory here: it would be the whole store.
func (c cover) add(queries []sources.Query, defaults scope, alone map[span]bool) {
	counts := make(map[span]int)
	for _, q := range queries {
		if dir := exact(q, defaults).directory(); q.Kind == sources.Key && dir.path != "" && !alone[dir] {
			counts[dir]++
		}
	}
	for _, q := range queries {
		sp := exact(q, defaults)
		if dir := sp.directory(); !sp.recurse && counts[dir] >= mergeKeys {
			sp = dir
		}
		c[sp] = struct{}{}
	}
}

// directory is the innermost directory that holds the span.
func (s span) directory() span {
	return span{scope: s.scope, path: s.path[:strings.LastIndexByte(s.path, '/')+1], recurse: true}
}

// mergeUpward brings the plan into its bound. The deepest directories are
// merged first, and of one depth those that save most, so that as little as
// possible is read for nothing; the whole store is the last resort.
func (c cover) mergeUpward(alone map[span]bool) {
	deepest := 0
	for sp := range c {
		deepest = max(deepest, strings.Count(sp.path, "/"))
	}
	for depth := deepest; depth >= 0 && len(c) > maxSpans; depth-- {
		groups := make(map[span]int)
		for sp := range c {
			if dir, ok := sp.ancestor(depth); ok && !alone[dir] && !alone[sp] {
				groups[dir]++
			}
		}
		excess := len(c) - maxSpans
		for _, dir := range slices.SortedFunc(maps.Keys(groups), bySize(groups)) {
			if excess <= 0 || groups[dir] < 2 {
				break
			}
			c[dir] = struct{}{}
			excess -= groups[dir] - 1
		}
		c.absorb(alone)
	}
}

// ancestor is the directory of the given depth (its number of slashes) that
// holds the span.
func (s span) ancestor(depth int) (span, bool) {
	end := 0
	for range depth {
		i := strings.IndexByte(s.path[end:], '/')
		if i < 0 {
			return span{}, false
		}
		end += i + 1
	}
	return span{scope: s.scope, path: s.path[:end], recurse: true}, true
}

func bySpan(a, b span) int {
	return cmp.Or(
		cmp.Compare(a.dc, b.dc), cmp.Compare(a.ns, b.ns), cmp.Compare(a.partition, b.partition),
		cmp.Compare(a.path, b.path),
	)
}

func bySize(groups map[span]int) func(a, b span) int {
	return func(a, b span) int { return cmp.Or(groups[b]-groups[a], bySpan(a, b)) }
}
