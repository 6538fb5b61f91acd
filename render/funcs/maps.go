package funcs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"dario.cat/mergo"

	"concierge/sources"
)

func mapTable() []Func {
	const group = "Maps and key pairs"
	return []Func{
		{"byKey", group, "pairs", "Groups key pairs by the first element of their key. The pairs inside have the rest as their key; pairs without a rest are left out.",
			`{{ range $name, $pairs := tree "app" | byKey }}{{ $name }}: {{ len $pairs }}{{ end }}`, ``, byKey},
		{"explode", group, "pairs", "Turns key pairs into nested maps at each slash of their key.",
			`{{ tree "app" | explode | toYAML }}`, ``, explode},
		{"explodeMap", group, "map", "Turns a flat map into nested maps at each slash of its keys.",
			`{{ parseJSON "{\"a/b\":1,\"a/c\":2}" | explodeMap | toJSON }}`, `{"a":{"b":1,"c":2}}`, explodeMap},
		{"mergeMap", group, "destination source", "Adds what is missing or empty in destination from source, at every depth.",
			`{{ mergeMap (parseJSON "{\"a\":1}") (parseJSON "{\"a\":2,\"b\":3}") | toJSON }}`, `{"a":1,"b":3}`, mergeMap},
		{"mergeMapWithOverride", group, "destination source", "Adds everything from source to destination, at every depth; source wins.",
			`{{ mergeMapWithOverride (parseJSON "{\"a\":1}") (parseJSON "{\"a\":2}") | toJSON }}`, `{"a":2}`, mergeMapWithOverride},
	}
}

func byKey(pairs []*sources.KeyPair) map[string]map[string]*sources.KeyPair {
	m := make(map[string]map[string]*sources.KeyPair)
	for _, p := range pairs {
		first, rest, _ := strings.Cut(p.Key, "/")
		if rest == "" {
			continue
		}
		if m[first] == nil {
			m[first] = make(map[string]*sources.KeyPair)
		}
		below := *p
		below.Key = rest
		m[first][rest] = &below
	}
	return m
}

func explode(pairs []*sources.KeyPair) (map[string]any, error) {
	m := make(map[string]any)
	for _, p := range pairs {
		if err := plant(m, p.Key, p.Value); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func explodeMap(flat map[string]any) (map[string]any, error) {
	m := make(map[string]any)
	for _, key := range slices.Sorted(maps.Keys(flat)) {
		if err := plant(m, key, flat[key]); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// plant sets the value at a slash-separated key. A key with a trailing slash
// only makes the map it names.
func plant(m map[string]any, key string, value any) error {
	path := strings.Split(key, "/")
	last := len(path) - 1
	for _, name := range path[:last] {
		if _, taken := m[name]; !taken {
			m[name] = make(map[string]any)
		}
		inner, ok := m[name].(map[string]any)
		if !ok {
			return fmt.Errorf("%q cannot be a folder: %q already has a value", key, name)
		}
		m = inner
	}
	if path[last] != "" {
		m[path[last]] = value
	}
	return nil
}

func mergeMap(destination, source map[string]any) (map[string]any, error) {
	return merged(destination, source)
}

func mergeMapWithOverride(destination, source map[string]any) (map[string]any, error) {
	return merged(destination, source, mergo.WithOverride)
}

func merged(destination, source map[string]any, options ...func(*mergo.Config)) (map[string]any, error) {
	if err := mergo.Merge(&destination, source, options...); err != nil {
		return nil, err
	}
	return destination, nil
}
