package consul

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

const (
	// sparseKeys is from how many keys on a directory is read as a whole
	// whatever else it holds: so many long polls would be too many.
	sparseKeys = 48

	// A directory of which fewer keys are wanted is read to its end only if
	// what nobody wants is at most sparseBytes and sparseShare times what is
	// wanted. Each pair counts as its key, its value and pairBytes for the rest.
	sparseBytes = 64 << 10
	sparseShare = 8
	pairBytes   = 100
)

// errSparse says that a directory holds too much that nobody wants.
var errSparse = errors.New("mostly keys that nobody wants")

// bounded is the first reading of a directory for a few keys. What it would
// cost is not known before, so it ends when it costs too much.
type bounded struct {
	span
	wanted []string // sorted
}

// boundedBy returns the reader for the first reading of a span that serves the
// queries.
func (sp span) boundedBy(queries []sources.Query) reader {
	if !sp.recurse || len(queries) == 0 || len(queries) >= sparseKeys {
		return sp
	}
	b := bounded{span: sp}
	for _, q := range queries {
		if q.Kind != sources.Key {
			return sp
		}
		b.wanted = append(b.wanted, q.Path)
	}
	slices.Sort(b.wanted)
	return b
}

// read implements [reader].
func (b bounded) read(_ context.Context, s *Source, opts *api.QueryOptions, _ answer) (answer, *api.QueryMeta, error) {
	return s.list(b.path, opts, keyList{wanted: b.wanted})
}

// spread has the keys of a sparse directory read one by one from now on.
func (w *watcher) spread(ctx context.Context, p *poll) {
	sp := p.span()
	w.sparse[sp] = len(p.queries)
	w.alone[sp] = true
	w.replan(ctx)
}

// reconsider forgets that a directory is sparse when much more of it is wanted.
func (w *watcher) reconsider() {
	for sp, before := range w.sparse {
		begin, _ := slices.BinarySearchFunc(w.ranges, sp.path, func(q sources.Query, path string) int { return strings.Compare(q.Path, path) })
		now := 0
		for _, q := range w.ranges[begin:] {
			if !strings.HasPrefix(q.Path, sp.path) {
				break
			}
			now++
		}
		if now > 2*before || now >= sparseKeys {
			delete(w.sparse, sp)
			delete(w.alone, sp)
		}
	}
}
