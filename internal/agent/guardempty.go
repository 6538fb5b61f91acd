package agent

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"concierge/sources"
)

// emptyIn goes through what of an answer has an empty value: a key, keys of a
// tree, or fields of a secret, by path. What does not exist is not empty.
func emptyIn(q sources.Query, v sources.Value) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !v.Exists {
			return
		}
		switch data := v.Data.(type) {
		case sources.KeyPair:
			if data.Value == "" {
				yield(q.Path)
			}
		case sources.Pairs:
			for _, p := range data {
				if p.Value == "" && !strings.HasSuffix(p.Path, "/") && !yield(p.Path) {
					return
				}
			}
		case *sources.SecretData:
			for _, name := range emptyFields(data) {
				if !yield(q.Path + "#" + name) {
					return
				}
			}
		}
	}
}

// emptyFields returns the names of a secret's empty texts, sorted. What version
// 2 of the key-value engine says about a secret is not the secret.
func emptyFields(s *sources.SecretData) []string {
	if s == nil {
		return nil
	}
	fields := s.Data
	inner, hasData := fields["data"].(map[string]any)
	if _, hasMetadata := fields["metadata"].(map[string]any); hasData && hasMetadata {
		fields = inner
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] == "" {
			names = append(names, name)
		}
	}
	return names
}
