package consul

import (
	"context"
	"slices"
	"strings"

	"concierge/sources"
)

// poll is one span being followed and the queries it serves. Its goroutine
// uses span and retry alone; the rest belongs to the watcher.
type poll struct {
	span  span
	stop  context.CancelFunc
	retry chan struct{} // one slot: try again now

	queries []sources.Query
	keys    map[string][]sources.Query
	trees   []sources.Query

	pairs    sources.Pairs // the last answer, sorted by path
	answered bool          // pairs is an answer
	refused  error         // what the queries were told when there was none
	failing  bool          // the last request got no answer at all
	// answersBefore is the number of answers to all polls when it began to fail.
	answersBefore uint64
}

// serve replaces the queries and returns those that are new.
func (p *poll) serve(queries []sources.Query) (added []sources.Query) {
	before := make(map[sources.Query]struct{}, len(p.queries))
	for _, q := range p.queries {
		before[q] = struct{}{}
	}
	p.queries, p.trees = queries, nil
	p.keys = make(map[string][]sources.Query, len(queries))
	for _, q := range queries {
		if q.Kind == sources.Tree {
			p.trees = append(p.trees, q)
		} else {
			p.keys[q.Path] = append(p.keys[q.Path], q)
		}
		if _, ok := before[q]; !ok {
			added = append(added, q)
		}
	}
	return added
}

// single reports whether the poll reads nothing but what one query asks for.
func (p *poll) single(defaults scope) bool {
	return len(p.queries) == 1 && exact(p.queries[0], defaults) == p.span
}

// update takes a new answer and returns the queries it may change.
func (p *poll) update(pairs sources.Pairs) []sources.Query {
	old, known := p.pairs, p.answered && p.refused == nil
	p.pairs, p.answered, p.refused = pairs, true, nil
	if !known {
		return p.queries
	}
	paths := changed(old, pairs)
	var affected []sources.Query
	for _, path := range paths {
		affected = append(affected, p.keys[path]...)
	}
	for _, q := range p.trees {
		i, _ := slices.BinarySearch(paths, q.Path)
		if i < len(paths) && strings.HasPrefix(paths[i], q.Path) {
			affected = append(affected, q)
		}
	}
	return affected
}

// value answers a query from the last answer.
func (p *poll) value(q sources.Query) sources.Value {
	i, found := slices.BinarySearchFunc(p.pairs, q.Path, byPath)
	if q.Kind == sources.Key {
		if !found {
			return sources.Value{}
		}
		return sources.Value{Exists: true, Data: p.pairs[i]}
	}
	n, _ := slices.BinarySearchFunc(p.pairs[i:], q.Path, func(kp sources.KeyPair, prefix string) int {
		if strings.HasPrefix(kp.Path, prefix) {
			return -1
		}
		return 1
	})
	if n == 0 {
		return sources.Value{}
	}
	return sources.Value{Exists: true, Data: p.pairs[i : i+n : i+n]}
}

// hurry ends the poll's back-off.
func (p *poll) hurry() {
	select {
	case p.retry <- struct{}{}:
	default:
	}
}

// changed returns the sorted paths at which two sorted lists differ.
func changed(a, b sources.Pairs) []string {
	var paths []string
	for len(a) > 0 && len(b) > 0 {
		switch order := strings.Compare(a[0].Path, b[0].Path); {
		case order < 0:
			paths, a = append(paths, a[0].Path), a[1:]
		case order > 0:
			paths, b = append(paths, b[0].Path), b[1:]
		default:
			if a[0] != b[0] {
				paths = append(paths, a[0].Path)
			}
			a, b = a[1:], b[1:]
		}
	}
	for _, rest := range [...]sources.Pairs{a, b} {
		for _, kp := range rest {
			paths = append(paths, kp.Path)
		}
	}
	return paths
}

func byPath(kp sources.KeyPair, path string) int { return strings.Compare(kp.Path, path) }
