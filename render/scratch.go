package render

import (
	"fmt"
	"maps"
	"slices"
)

// Scratch is the map a template may keep values in during one execution. Its
// setters render nothing. It belongs to one execution, which is one goroutine.
type Scratch struct{ values map[string]any }

// Key reports whether k was set.
func (s *Scratch) Key(k string) bool {
	_, ok := s.values[k]
	return ok
}

// Get returns the value of k, or nil.
func (s *Scratch) Get(k string) any { return s.values[k] }

// Set sets k.
func (s *Scratch) Set(k string, v any) string {
	if s.values == nil {
		s.values = make(map[string]any)
	}
	s.values[k] = v
	return ""
}

// SetX sets k unless it was set before.
func (s *Scratch) SetX(k string, v any) string {
	if s.Key(k) {
		return ""
	}
	return s.Set(k, v)
}

// MapSet sets an entry of the map k. It is an error if k is something else.
func (s *Scratch) MapSet(k, entry string, v any) (string, error) {
	m, err := s.inner(k)
	if err != nil {
		return "", err
	}
	m[entry] = v
	return "", nil
}

// MapSetX sets an entry of the map k unless it was set before.
func (s *Scratch) MapSetX(k, entry string, v any) (string, error) {
	m, err := s.inner(k)
	if err != nil {
		return "", err
	}
	if _, ok := m[entry]; !ok {
		m[entry] = v
	}
	return "", nil
}

// MapValues returns the values of the map k in the order of their names, and
// nil if k is not a map.
func (s *Scratch) MapValues(k string) []any {
	m, _ := s.values[k].(map[string]any)
	var values []any
	for _, name := range slices.Sorted(maps.Keys(m)) {
		values = append(values, m[name])
	}
	return values
}

// inner returns the map k and makes it if nothing is there.
func (s *Scratch) inner(k string) (map[string]any, error) {
	if !s.Key(k) {
		s.Set(k, make(map[string]any))
	}
	m, ok := s.values[k].(map[string]any)
	if !ok {
		return nil, fmt.Errorf("%q is not a map", k)
	}
	return m, nil
}
