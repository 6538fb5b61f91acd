package consul

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"concierge/sources"
)

const (
	// splitPairs is how many pairs one answer may have before its range is read
	// in pieces: a change reads all of a range again, about 4 µs for each pair
	// on either side.
	splitPairs = 512

	// maxPieces bounds the pieces of all ranges. Each is a connection, which
	// Consul counts for up to a minute after its client is gone: a program
	// that is started again and again must not run into the limit.
	maxPieces = 24

	// gatherSplit bounds how long the answers of the pieces of ranges are
	// collected, for a transaction that touched several.
	gatherSplit = 10 * time.Millisecond
)

// pieces are ranges that are read in place of a larger one.
type pieces []span // sorted by path, disjoint

// split cuts a range of which only keys are wanted into at most limit pieces:
// always the one with the most pairs, along the next byte in which the wanted
// keys differ. What the pieces leave out nobody wants. It returns nothing if
// there is nothing to gain.
func split(sp span, pairs ranged, wanted []string, limit int) pieces {
	root := newPiece(sp, sp.path, pairs, wanted)
	all := []piece{root}
	for {
		i := slices.IndexFunc(all, func(p piece) bool { return len(p.pairs) > splitPairs && !p.whole })
		if i < 0 {
			break
		}
		below := all[i].divide()
		if len(below) < 2 || len(all)-1+len(below) > limit {
			all[i].whole = true
			continue
		}
		all = slices.Delete(all, i, i+1)
		all = append(all, below...)
		slices.SortStableFunc(all, func(a, b piece) int { return cmp.Compare(len(b.pairs), len(a.pairs)) })
	}
	if len(all) < 2 {
		return nil
	}
	result := make(pieces, len(all))
	for i, p := range all {
		result[i] = p.span
	}
	slices.SortFunc(result, bySpan)
	return result
}

// piece is a range while it is being cut.
type piece struct {
	span
	pairs  ranged   // what is there
	wanted []string // keys, sorted
	whole  bool     // it is not cut further
}

// newPiece makes a piece that reaches no further than its wanted keys have in
// common.
func newPiece(sp span, prefix string, pairs ranged, wanted []string) piece {
	if len(wanted) == 1 {
		sp.path, sp.recurse = wanted[0], false
		return piece{span: sp, pairs: pairs.below(wanted[0])[:0], wanted: wanted}
	}
	sp.path = prefix + common(wanted[0][len(prefix):], wanted[len(wanted)-1][len(prefix):])
	return piece{span: sp, pairs: pairs.below(sp.path), wanted: wanted}
}

// divide cuts a piece at its next byte.
func (p piece) divide() (below []piece) {
	at := len(p.path)
	for wanted := p.wanted; len(wanted) > 0; {
		n := 1
		if len(wanted[0]) > at { // else the key is the prefix itself
			end, _ := slices.BinarySearchFunc(wanted, wanted[0][:at+1], func(key, prefix string) int {
				return cmp.Compare(key[:min(len(key), at+1)], prefix+"\x00")
			})
			n = max(end, 1)
			below = append(below, newPiece(p.span, wanted[0][:at+1], p.pairs, wanted[:n]))
		} else {
			below = append(below, newPiece(p.span, p.path, p.pairs, wanted[:1]))
		}
		wanted = wanted[n:]
	}
	return below
}

// common is what both begin with.
func common(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return a[:n]
}

// below returns the pairs that begin with the prefix.
func (a ranged) below(prefix string) ranged {
	i, _ := slices.BinarySearchFunc(a, prefix, byPath)
	n, _ := slices.BinarySearchFunc(a[i:], prefix, func(kp sources.KeyPair, prefix string) int {
		if strings.HasPrefix(kp.Path, prefix) {
			return -1
		}
		return 1
	})
	return a[i : i+n : i+n]
}

// of returns the piece that serves a key.
func (p pieces) of(key string) (span, bool) {
	i, found := slices.BinarySearchFunc(p, key, func(sp span, key string) int { return strings.Compare(sp.path, key) })
	switch {
	case found:
		return p[i], true
	case i > 0 && p[i-1].recurse && strings.HasPrefix(key, p[i-1].path):
		return p[i-1], true
	}
	return span{}, false
}

// seed is what is known of a reader from the range that it was cut from.
type seed struct {
	index uint64
	last  answer
}

// cut has a large range read in pieces from now on. That is worth it once
// something in it has changed; a range at rest costs less as a whole.
func (w *watcher) cut(ctx context.Context, p *poll) {
	sp := p.span()
	pairs, _ := p.last.(ranged)
	if w.polls[p.reader] != p || !sp.recurse || len(pairs) <= max(splitPairs, 2*p.uncut) || p.index == 0 {
		return
	}
	wanted := p.paths()
	if len(p.trees) > 0 {
		wanted = pairs.paths()
	}
	parts := split(sp, pairs, wanted, min(maxPieces, maxSpans-len(w.polls)+w.onDuty()))
	if parts == nil {
		p.uncut = len(pairs)
		return
	}
	w.seeds = make(map[reader]seed, len(parts)+1)
	if len(p.trees) > 0 {
		g := guard{sp, common(wanted[0], wanted[len(wanted)-1])[len(sp.path):]}
		w.wholes[sp] = &whole{span: sp, served: p.served, parts: parts, guard: g, pairs: pairs}
		w.seeds[g] = seed{p.index, names{list: wanted, all: true}}
	} else {
		w.pieces[sp] = parts
	}
	for _, part := range parts {
		known := seed{p.index, pairs.in(part)}
		w.seeds[part], w.seeds[section{part, sp}] = known, known
	}
	w.replan(ctx)
	w.seeds = nil
}

// in returns the pairs of a span.
func (a ranged) in(sp span) ranged {
	some := a.below(sp.path)
	if sp.recurse {
		return some
	}
	if len(some) > 0 && some[0].Path == sp.path {
		return some[:1:1]
	}
	return some[:0:0]
}

func (a ranged) paths() []string {
	paths := make([]string, len(a))
	for i, kp := range a {
		paths[i] = kp.Path
	}
	return paths
}

// divide gives the queries of a range to its pieces, if it has any. When
// something is wanted that no piece has, the range is read as a whole again.
func (w *watcher) divide(next map[reader][]sources.Query, sp span, queries []sources.Query) {
	if t := w.wholes[sp]; t != nil && w.share(next, t, queries) {
		return
	}
	parts, divided := w.pieces[sp]
	served := make(map[span][]sources.Query, len(parts))
	for _, q := range queries {
		if !divided {
			break
		}
		part, ok := parts.of(q.Path)
		if divided = ok && q.Kind == sources.Key && !w.alone[part]; divided {
			served[part] = append(served[part], q)
		}
	}
	if !divided {
		delete(w.pieces, sp)
		next[sp] = queries
		return
	}
	for part, queries := range served {
		w.divide(next, part, queries)
	}
}
