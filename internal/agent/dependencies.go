package agent

import (
	"slices"

	"concierge/sources"
)

// dependencies is the index from a query to the units that use it.
type dependencies struct {
	users   map[sources.Query][]*unit
	changed bool // since the last bySource
}

// watch replaces what is wanted on behalf of u.
func (d *dependencies) watch(u *unit, queries []sources.Query) {
	if slices.Equal(u.watched, queries) {
		return
	}
	if d.users == nil {
		d.users = make(map[sources.Query][]*unit, len(queries))
	}
	old := make(map[sources.Query]bool, len(u.watched))
	for _, q := range u.watched {
		old[q] = true
	}
	for _, q := range queries {
		if old[q] {
			delete(old, q)
			continue
		}
		d.changed = d.changed || len(d.users[q]) == 0
		d.users[q] = append(d.users[q], u)
	}
	for q := range old {
		d.drop(q, u)
	}
	u.watched = queries
}

func (d *dependencies) drop(q sources.Query, u *unit) {
	rest := slices.DeleteFunc(d.users[q], func(v *unit) bool { return v == u })
	if len(rest) > 0 {
		d.users[q] = rest
		return
	}
	delete(d.users, q)
	d.changed = true
}

// used reports whether any unit wants q.
func (d *dependencies) used(q sources.Query) bool { return len(d.users[q]) > 0 }

// bySource returns all wanted queries, grouped by the source they name.
func (d *dependencies) bySource() map[string][]sources.Query {
	d.changed = false
	counts := make(map[string]int)
	for q := range d.users {
		counts[q.Source]++
	}
	all := make(map[string][]sources.Query, len(counts))
	for name, n := range counts {
		all[name] = make([]sources.Query, 0, n)
	}
	for q := range d.users {
		all[q.Source] = append(all[q.Source], q)
	}
	return all
}
