package etcd

import (
	"cmp"
	"slices"
	"strings"
)

// maxSpans is how many ranges are watched before neighbours are merged. Each
// costs a watcher on the server and a message at each (re)connect.
const maxSpans = 64

// target is one key or one prefix that is wanted, relative to the prefix of its
// realm.
type target struct {
	realm string
	path  string
	tree  bool
}

// span is a range of keys that is read and watched as a whole, and the targets
// it serves. It covers from <= key < to, below the prefix of its realm; an empty
// to has no end.
type span struct {
	realm    string
	from, to string
	targets  []target
}

func (t target) span() span {
	if t.tree {
		return span{realm: t.realm, from: t.path, to: prefixEnd(t.path), targets: []target{t}}
	}
	return span{realm: t.realm, from: t.path, to: t.path + "\x00", targets: []target{t}}
}

// split returns one range for each target. They may overlap.
func (s span) split() []span {
	var parts []span
	for _, t := range s.targets {
		parts = append(parts, t.span())
	}
	return parts
}

// plan covers the targets of one realm with few disjoint ranges, sorted: a tree takes in
// all below it, keys of one directory are one range, and when there are still
// more than [maxSpans], neighbours below a common directory are merged, the
// deepest directories first.
func plan(targets []target) []span {
	spans := group(disjoint(singles(targets)), keyDirectory)
	for depth := maxDepth(spans); depth >= 0 && len(spans) > maxSpans; depth-- {
		spans = group(spans, func(s span) (string, bool) { return s.ancestor(depth) })
	}
	return spans
}

func singles(targets []target) []span {
	spans := make([]span, len(targets))
	for i, t := range targets {
		spans[i] = t.span()
	}
	return spans
}

// group merges the spans that by gives the same name.
func group(spans []span, by func(span) (name string, ok bool)) []span {
	var out []span
	groups := make(map[string]int) // index in out
	for _, s := range spans {
		name, ok := by(s)
		if i, known := groups[name]; ok && known {
			out[i] = out[i].merge(s)
			continue
		}
		if ok {
			groups[name] = len(out)
		}
		out = append(out, s)
	}
	return disjoint(out)
}

// disjoint sorts the spans and merges those that overlap.
func disjoint(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.from, b.from), compareEnds(b.to, a.to))
	})
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && (out[n-1].to == "" || s.from < out[n-1].to) {
			out[n-1] = out[n-1].merge(s)
			continue
		}
		out = append(out, s)
	}
	return out
}

// merge takes t into s and returns the result. The targets of s are appended to
// in place: s must not be used any more, else ten thousand keys of one
// directory would be copied ten thousand times.
func (s span) merge(t span) span {
	merged := span{realm: s.realm, from: min(s.from, t.from), to: s.to, targets: append(s.targets, t.targets...)}
	if compareEnds(t.to, s.to) > 0 {
		merged.to = t.to
	}
	return merged
}

// keyDirectory names the directory of a single key. Keys at the top stay
// alone: the range between two of them could be the whole store.
func keyDirectory(s span) (string, bool) {
	dir := directory(s.from)
	return dir, dir != "" && len(s.targets) == 1 && !s.targets[0].tree
}

// ancestor returns the directory of the given depth that holds the whole span.
func (s span) ancestor(depth int) (string, bool) {
	dir := s.directory()
	if strings.Count(dir, "/") < depth {
		return "", false
	}
	end := 0
	for range depth {
		end += strings.IndexByte(dir[end:], '/') + 1
	}
	return dir[:end], true
}

// directory returns the deepest directory that holds all targets.
func (s span) directory() string {
	common := s.targets[0].path
	for _, t := range s.targets[1:] {
		n := 0
		for n < min(len(common), len(t.path)) && common[n] == t.path[n] {
			n++
		}
		common = common[:n]
	}
	return directory(common)
}

func maxDepth(spans []span) (depth int) {
	for _, s := range spans {
		depth = max(depth, strings.Count(s.directory(), "/"))
	}
	return depth
}

// directory returns path up to and with its last slash.
func directory(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }

// compareEnds compares upper bounds, of which the empty one is the highest.
func compareEnds(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "":
		return 1
	case b == "":
		return -1
	}
	return strings.Compare(a, b)
}

// prefixEnd returns the least string above all that start with prefix, or ""
// if there is none.
func prefixEnd(prefix string) string {
	end := []byte(prefix)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i] < 0xff {
			end[i]++
			return string(end[:i+1])
		}
	}
	return ""
}
