package consul

import (
	"context"

	"concierge/sources"
)

// poll is one reader being followed and the queries it serves. Its goroutine
// uses reader, retry and seed alone; the rest belongs to the watcher.
type poll struct {
	reader reader
	stop   context.CancelFunc
	retry  chan struct{} // one slot: try again now
	seed   seed          // where it begins

	served
	last    answer // nil while there is none
	index   uint64 // Consul's, of last
	uncut   int    // so many pairs were found not to be worth cutting
	refused error  // what the queries were told when there was none
	failing bool   // the last request got no answer at all
	// answersBefore is the number of answers to all polls when it began to fail.
	answersBefore uint64
}

// served are the queries of a poll.
type served struct {
	queries []sources.Query
	keys    map[string][]sources.Query // those for a key, by path
	trees   []sources.Query
}

func serving(queries []sources.Query) served {
	s := served{queries: queries, keys: make(map[string][]sources.Query, len(queries))}
	for _, q := range queries {
		switch q.Kind {
		case sources.Key:
			s.keys[q.Path] = append(s.keys[q.Path], q)
		case sources.Tree:
			s.trees = append(s.trees, q)
		}
	}
	return s
}

// serve replaces the queries and returns those that are new.
func (p *poll) serve(queries []sources.Query) (added []sources.Query) {
	before := make(map[sources.Query]struct{}, len(p.queries))
	for _, q := range p.queries {
		before[q] = struct{}{}
	}
	p.served = serving(queries)
	for _, q := range queries {
		if _, ok := before[q]; !ok {
			added = append(added, q)
		}
	}
	return added
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
