package consul

import (
	"context"
	"slices"
	"strings"

	"concierge/sources"
)

// poll is one reader being followed and the queries it serves. Its goroutine
// uses reader, retry, seed and first alone; the rest belongs to the watcher.
type poll struct {
	reader reader
	stop   context.CancelFunc
	retry  chan struct{} // one slot: try again now
	seed   seed          // where it begins
	first  reader        // what it reads at first

	served
	last    answer // nil while there is none
	index   uint64 // Consul's, of last
	uncut   int    // so many pairs were found not to be worth cutting
	refused error  // what the queries were told when there was none
	failing bool   // the last request got no answer at all
	// answersBefore is the number of answers to all polls when it began to fail.
	answersBefore uint64
}

func newPoll(r reader) *poll {
	return &poll{reader: r, first: r, retry: make(chan struct{}, 1)}
}

// from lets the poll begin with what is known.
func (p *poll) from(known seed) *poll {
	p.seed, p.last, p.index = known, known.last, known.index
	return p
}

// served are the queries of a poll.
type served struct {
	queries []sources.Query
	keys    []sources.Query // those for a key, sorted by path
	trees   []sources.Query
}

func serving(queries []sources.Query) served {
	s := served{queries: queries}
	if slices.IsSortedFunc(queries, byQueryPath) && !slices.ContainsFunc(queries, func(q sources.Query) bool { return q.Kind != sources.Key }) {
		s.keys = queries
		return s
	}
	for _, q := range queries {
		switch q.Kind {
		case sources.Key:
			s.keys = append(s.keys, q)
		case sources.Tree:
			s.trees = append(s.trees, q)
		}
	}
	slices.SortStableFunc(s.keys, byQueryPath)
	return s
}

func byQueryPath(a, b sources.Query) int { return strings.Compare(a.Path, b.Path) }

// paths returns the keys that are wanted, sorted.
func (s served) paths() []string {
	paths := make([]string, len(s.keys))
	for i, q := range s.keys {
		paths[i] = q.Path
	}
	return slices.Compact(paths)
}

// of returns the queries for a key.
func (s served) of(path string) []sources.Query {
	i, _ := slices.BinarySearchFunc(s.keys, path, func(q sources.Query, path string) int { return strings.Compare(q.Path, path) })
	n := i
	for n < len(s.keys) && s.keys[n].Path == path {
		n++
	}
	return s.keys[i:n]
}

// serve replaces the queries and returns those that are new.
func (p *poll) serve(queries []sources.Query) (added []sources.Query) {
	before := p.queries
	p.served = serving(queries)
	return without(queries, before)
}

// span returns the range that the poll reads; that of another poll is empty.
func (p *poll) span() span {
	sp, _ := p.reader.(span)
	return sp
}

// single reports whether the poll reads nothing but what one query asks for.
func (p *poll) single(defaults scope) bool {
	return len(p.queries) == 1 && exact(p.queries[0], defaults) == p.span()
}

// update takes a new answer and returns the queries it may change.
func (p *poll) update(a answer) []sources.Query {
	older, known := p.last, p.last != nil && p.refused == nil
	p.last, p.refused = a, nil
	if !known {
		return p.queries
	}
	return a.touched(older, &p.served)
}

// hurry ends the poll's back-off.
func (p *poll) hurry() {
	select {
	case p.retry <- struct{}{}:
	default:
	}
}
