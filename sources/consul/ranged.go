package consul

import (
	"slices"
	"strings"

	"concierge/sources"
)

// ranged is the answer of a span: its pairs, sorted by path.
type ranged sources.Pairs

func (a ranged) equal(older answer) bool {
	b, ok := older.(ranged)
	return ok && slices.Equal(a, b)
}

// value cuts what q asks for out of the range.
func (a ranged) value(q sources.Query) sources.Value {
	i, found := slices.BinarySearchFunc(a, q.Path, byPath)
	if q.Kind == sources.Key {
		if !found {
			return sources.Value{}
		}
		return sources.Value{Exists: true, Data: a[i]}
	}
	n, _ := slices.BinarySearchFunc(a[i:], q.Path, func(kp sources.KeyPair, prefix string) int {
		if strings.HasPrefix(kp.Path, prefix) {
			return -1
		}
		return 1
	})
	if n == 0 {
		return sources.Value{}
	}
	return sources.Value{Exists: true, Data: sources.Pairs(a[i : i+n : i+n])}
}

func (a ranged) touched(older answer, by *served) []sources.Query {
	b, ok := older.(ranged)
	if !ok {
		return by.queries
	}
	paths := changed(b, a)
	var queries []sources.Query
	for _, path := range paths {
		queries = append(queries, by.of(path)...)
	}
	for _, q := range by.trees {
		i, _ := slices.BinarySearch(paths, q.Path)
		if i < len(paths) && strings.HasPrefix(paths[i], q.Path) {
			queries = append(queries, q)
		}
	}
	return queries
}

// lost reports whether a range no longer has a key that it had.
func lost(older, newer answer) bool {
	a, _ := older.(ranged)
	b, _ := newer.(ranged)
	for _, kp := range a {
		for len(b) > 0 && b[0].Path < kp.Path {
			b = b[1:]
		}
		if len(b) == 0 || b[0].Path != kp.Path {
			return true
		}
	}
	return false
}

// changed returns the sorted paths at which two sorted lists differ.
func changed(a, b ranged) []string {
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
	for _, rest := range [...]ranged{a, b} {
		for _, kp := range rest {
			paths = append(paths, kp.Path)
		}
	}
	return paths
}

func byPath(kp sources.KeyPair, path string) int { return strings.Compare(kp.Path, path) }
