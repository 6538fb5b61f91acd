package agent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"concierge/internal/config"
	"concierge/render"
	"concierge/sources"
)

// guard is what must be true of the data before a template's output is used.
type guard struct {
	amounts []amount
	filled  []filled
	queries []sources.Query // of amounts
}

// amount is how many keys must exist.
type amount struct {
	query   sources.Query
	least   int
	setting string
}

// filled is a key that must not be empty, or all keys below a prefix.
type filled struct {
	source, path string // an empty source is every one
	below        bool
}

// newGuard reads the guard of a template.
func newGuard(g *config.Guard, naming render.Naming) (*guard, error) {
	made := new(guard)
	var errs []error
	add := func(kind sources.Kind, path string, least int, setting string) {
		q, err := naming.Query(kind, path)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", setting, err))
			return
		}
		made.amounts = append(made.amounts, amount{q, least, setting})
		made.queries = append(made.queries, q)
	}
	for _, path := range g.Require {
		kind := sources.Key
		if strings.HasSuffix(path, "/") {
			kind = sources.Tree
		}
		add(kind, path, 1, "guard.require")
	}
	for _, m := range g.MinKeys {
		add(sources.Tree, m.Prefix, m.Count, "guard.min_keys")
	}
	for _, path := range g.NonEmpty {
		f, err := newFilled(path, naming)
		made.filled, errs = append(made.filled, f), append(errs, err)
	}
	return made, errors.Join(errs...)
}

func newFilled(path string, naming render.Naming) (filled, error) {
	if path == "/" {
		return filled{below: true}, nil
	}
	q, err := naming.Query(sources.Tree, path)
	if err != nil {
		return filled{}, fmt.Errorf("guard.nonempty: %w", err)
	}
	return filled{q.Source, strings.TrimSuffix(q.Path, "/"), strings.HasSuffix(path, "/")}, nil
}

// guarded executes a template, and fails with a [*heldError] if its data is not
// what the guard wants.
type guarded struct {
	executor
	guard *guard
}

// Literals implements executor: the keys of the guard are needed, too.
func (g guarded) Literals() []sources.Query { return union(g.executor.Literals(), g.guard.queries) }

// Execute implements executor.
func (g guarded) Execute(l render.Lookup) (render.Result, error) {
	result, err := g.executor.Execute(l)
	used := result.Used
	result.Used = union(used, g.guard.queries)
	for _, q := range g.guard.queries {
		lacks := func(m render.Missing) bool { return m.Query == q }
		if _, ok := l.Lookup(q); !ok && !slices.ContainsFunc(result.Missing, lacks) {
			result.Missing = append(result.Missing, render.Missing{Query: q})
		}
	}
	if err != nil || len(result.Missing) > 0 {
		return result, err
	}
	if reasons := g.guard.look(l, used); len(reasons) > 0 {
		return result, &heldError{reasons}
	}
	return result, nil
}

// look says what is not as it must be.
func (g *guard) look(l render.Lookup, used []sources.Query) []string {
	var reasons []string
	for _, a := range g.amounts {
		if v, _ := l.Lookup(a.query); !a.enough(v) {
			reasons = append(reasons, a.reason(v))
		}
	}
	for _, q := range used {
		v, _ := l.Lookup(q)
		for path := range emptyIn(q, v) {
			if slices.ContainsFunc(g.filled, func(f filled) bool { return f.covers(q.Source, path) }) {
				reasons = append(reasons, fmt.Sprintf("%s:%s is empty (guard.nonempty)", q.Source, path))
			}
		}
	}
	return slices.Compact(reasons)
}

func (a amount) enough(v sources.Value) bool {
	if a.query.Kind == sources.Key {
		return v.Exists
	}
	return countBelow(a.query.Path, v) >= a.least
}

func (a amount) reason(v sources.Value) string {
	if a.query.Kind == sources.Key {
		return fmt.Sprintf("%s does not exist (%s)", a.query, a.setting)
	}
	return fmt.Sprintf("%s has %d of at least %d keys (%s)", a.query, countBelow(a.query.Path, v), a.least, a.setting)
}

// countBelow counts the keys below a prefix; a folder marker is none, and "app"
// has nothing to do with "apple".
func countBelow(prefix string, v sources.Value) int {
	pairs, _ := v.Data.(sources.Pairs)
	n := 0
	for _, p := range pairs {
		if below(p.Path, prefix) && !strings.HasSuffix(p.Path, "/") {
			n++
		}
	}
	return n
}

func below(path, prefix string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return prefix == "" || strings.HasPrefix(path, prefix+"/")
}

func (f filled) covers(source, path string) bool {
	if f.source != "" && f.source != source {
		return false
	}
	return f.below && below(path, f.path) || path == f.path
}

// heldError says why a guard holds a set back.
type heldError struct{ reasons []string }

// shownReasons bounds how much one log line tells.
const shownReasons = 5

func (e *heldError) Error() string {
	shown := e.reasons
	if more := len(shown) - shownReasons; more > 0 {
		shown = append(slices.Clip(shown[:shownReasons]), fmt.Sprintf("and %d more", more))
	}
	return "the data is not complete: " + strings.Join(shown, "; ") + "; bring it back, or change the guard and reload"
}
