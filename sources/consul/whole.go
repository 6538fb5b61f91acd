package consul

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/sources"
)

// guardPause is how long after a change the names in a range are looked at. The
// sections answer first, and a range that changes without pause is not listed
// without pause.
const guardPause = 250 * time.Millisecond

// whole is a range of which all is wanted, read in sections. A section has all
// keys that begin with its prefix; that no key is in none of them is for the
// guard to see.
type whole struct {
	span
	served
	parts pieces
	guard guard
	pairs ranged // of all sections
}

// section is a part of a whole.
type section struct {
	span
	of span
}

// guard looks for names in a range that are in none of its sections. What all
// names begin with lets Consul tell of others in a few bytes, at once.
type guard struct {
	span
	common string // after the path of the span; may be empty
}

func (g guard) String() string { return "names of " + g.span.String() }

// read implements [reader]. Names that do not begin as all others are told at
// once, others that are in no section after guardPause.
func (g guard) read(ctx context.Context, s *Source, opts *api.QueryOptions, _ answer) (answer, *api.QueryMeta, error) {
	if opts.WaitIndex > 0 {
		first, meta, err := s.api.KV().Keys(g.path, g.common, opts)
		if err != nil {
			return nil, nil, err
		}
		others := slices.DeleteFunc(first, func(name string) bool { return g.common != "" && name == g.path+g.common })
		if g.common == "" || len(others) > 0 || meta.LastIndex == opts.WaitIndex {
			return names{list: others, all: g.common == ""}, meta, nil
		}
		if err := pause(ctx, guardPause); err != nil {
			return nil, nil, err
		}
		opts.WaitIndex = 0
	}
	all, meta, err := s.api.KV().Keys(g.path, "", opts)
	return names{list: all, all: true}, meta, err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// names are those of a range: all, or some that do not begin as the others.
type names struct {
	list []string
	all  bool
}

func (n names) equal(older answer) bool {
	m, ok := older.(names)
	return ok && n.all == m.all && slices.Equal(n.list, m.list)
}

func (n names) value(sources.Query) sources.Value            { return sources.Value{} }
func (n names) touched(_ answer, by *served) []sources.Query { return by.queries }

// share has the sections of a whole followed. It returns false, and forgets the
// whole, when only keys are wanted any more.
func (w *watcher) share(next map[reader][]sources.Query, t *whole, queries []sources.Query) bool {
	before := t.served
	t.served = serving(queries)
	if len(t.trees) == 0 {
		delete(w.wholes, t.span)
		return false
	}
	for _, part := range t.parts {
		next[section{part, t.span}] = nil
	}
	next[t.guard] = nil
	w.put(without(queries, before.queries), t.pairs)
	return true
}

// without returns those of some that are not among the others.
func without(some, others []sources.Query) (rest []sources.Query) {
	if len(others) == 0 {
		return some
	}
	known := make(map[sources.Query]struct{}, len(others))
	for _, q := range others {
		known[q] = struct{}{}
	}
	for _, q := range some {
		if _, ok := known[q]; !ok {
			rest = append(rest, q)
		}
	}
	return rest
}

// assemble takes the answer of a section or a guard. It returns false when the
// range has to be read as a whole again.
func (w *watcher) assemble(news report) (of span, ok bool) {
	switch r := news.from.reader.(type) {
	case section:
		t, pairs := w.wholes[r.of], news.answer.(ranged)
		older := t.pairs.in(r.span)
		t.replace(r.span, pairs)
		w.put(pairs.touched(older, &t.served), t.pairs)
		return r.of, true
	case guard:
		t, listed := w.wholes[r.span], news.answer.(names)
		uncovered := slices.ContainsFunc(listed.list, func(name string) bool {
			_, covered := t.parts.of(name)
			return !covered
		})
		return r.span, !uncovered && !(listed.all && t.pairs.outlive(listed.list, news.index))
	}
	return span{}, true
}

// outlive reports whether one of the pairs was gone at the index, though not for
// the section that has it (see [witness]).
func (a ranged) outlive(listed []string, index uint64) bool {
	there := make(map[string]struct{}, len(listed))
	for _, name := range listed {
		there[name] = struct{}{}
	}
	return slices.ContainsFunc(a, func(kp sources.KeyPair) bool {
		_, known := there[kp.Path]
		return !known && kp.ModifyIndex <= index
	})
}

// replace puts the pairs of a section in place. Older answers share memory with
// the pairs, so they are copied.
func (t *whole) replace(part span, pairs ranged) {
	begin := sort.Search(len(t.pairs), func(i int) bool { return t.pairs[i].Path >= part.path })
	end := begin + len(t.pairs.in(part))
	all := make(ranged, 0, len(t.pairs)+len(pairs)-(end-begin))
	all = append(all, t.pairs[:begin]...)
	all = append(all, pairs...)
	t.pairs = append(all, t.pairs[end:]...)
}

// wholeOf returns the range that a section or a guard is of.
func wholeOf(r reader) (span, bool) {
	switch r := r.(type) {
	case section:
		return r.of, true
	case guard:
		return r.span, true
	}
	return span{}, false
}

// dissolve has a range read as a whole again.
func (w *watcher) dissolve(ctx context.Context, sp span) {
	delete(w.wholes, sp)
	w.replan(ctx)
}
