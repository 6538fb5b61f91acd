package rollouts

import (
	"fmt"
	"slices"
	"time"
)

// span is a change of an instance: from the rename of its file until it is
// found healthy or is back, by its own log. One that dies or is paused amid it is
// in change until its slot is taken away: then it is fenced, and what it has
// begun is its own failure and not one more in change.
type span struct {
	name     string
	from, to time.Time
	fenced   bool
}

// lag is how late the store may tell that a slot of before is gone.
const lag = 500 * time.Millisecond

// reading is one look through a story.
type reading struct {
	name    string
	fresh   bool      // nothing ran yet in this life: it starts, and no slot is needed
	grown   time.Time // when that was over
	holds   bool      // by its own account, and the store does not say otherwise
	since   time.Time
	value   string
	before  string // value of the file when the change began
	open    *span
	spans   []span
	strange []string // what is not allowed
}

// read judges a story.
func read(s *story) *reading {
	r := &reading{name: s.name}
	for _, e := range s.told() {
		r.take(e)
	}
	if r.open != nil {
		r.end(time.Now(), false)
	}
	return r
}

func (r *reading) take(e event) {
	switch e.what {
	case started:
		r.fresh, r.holds = true, false
	case admitted:
		r.end(e.at, false)
		r.holds, r.since, r.before, r.fresh = true, e.at, r.value, false
	case over:
		r.end(e.at, false)
		if r.fresh {
			r.grown = e.at
		}
		r.fresh, r.holds = false, false
	case killed:
		r.holds = false
	case reclaimed:
		if e.at.Sub(r.since) > lag || !r.holds {
			r.end(e.at, true)
			r.holds = false
		}
	case renamed:
		r.rename(e)
	}
}

func (r *reading) rename(e event) {
	starts := r.fresh || e.at.Sub(r.grown) < lag // the kernel may tell late
	if !starts && !r.holds && e.text != r.before {
		r.strange = append(r.strange, fmt.Sprintf("%s %s changed to %q without a slot", e.at.Format("04:05.000"), r.name, e.text))
	}
	if r.holds && r.open == nil {
		r.open = &span{name: r.name, from: e.at}
	}
	r.value = e.text
}

func (r *reading) end(at time.Time, fenced bool) {
	if r.open != nil {
		r.open.to, r.open.fenced = at, fenced
		r.spans = append(r.spans, *r.open)
		r.open = nil
	}
}

// crowd is the most spans that there were at once, and when.
func crowd(spans []span) (most int, at time.Time, who []string) {
	for _, s := range spans {
		var together []string
		for _, other := range spans {
			if !other.from.After(s.from) && other.to.After(s.from) {
				together = append(together, other.name)
			}
		}
		if len(together) > most {
			most, at, who = len(together), s.from, together
		}
	}
	return most, at, who
}

// verdict is what a whole run showed.
type verdict struct {
	changes, fenced int
	most            int // in change at once
	strange         []string
}

// judge looks through everything that was seen since a moment.
func (f *fleet) judge(since time.Time) verdict {
	var v verdict
	var spans []span
	for _, s := range f.stories.each() {
		r := read(s)
		v.strange = append(v.strange, r.strange...)
		spans = append(spans, r.spans...)
	}
	spans = slices.DeleteFunc(spans, func(s span) bool { return s.from.Before(since) })
	for _, s := range spans {
		v.changes++
		if s.fenced {
			v.fenced++
		}
	}
	most, at, who := crowd(spans)
	if v.most = most; most > f.plan.unavailable {
		v.strange = append(v.strange, fmt.Sprintf("%s %d in change at once, and %d are allowed: %v", at.Format("04:05.000"), most, f.plan.unavailable, who))
	}
	for _, g := range f.witness.called() {
		if bad(g.value) {
			v.strange = append(v.strange, fmt.Sprintf("%s %q was called good", g.at.Format("04:05.000"), g.value))
		}
		v.strange = append(v.strange, f.without(g)...)
	}
	return v
}

// without are instances to which nothing had happened for long, and which did
// not have the release when it was called good.
func (f *fleet) without(g good) (strange []string) {
	if g.at.Before(f.complete) {
		return nil
	}
	quiet := g.at.Add(-time.Duration(f.store.expiry)*f.plan.ttl - 5*time.Second)
	for _, s := range f.stories.each() {
		value, calm := "", true
		for _, e := range s.told() {
			if e.what == renamed && e.at.Before(g.at) {
				value = e.text
			}
			if e.at.After(quiet) && slices.Contains([]happening{started, killed, paused, resumed, separated, rejoined}, e.what) {
				calm = false
			}
		}
		if calm && value != "" && value != g.value {
			strange = append(strange, fmt.Sprintf("%s %q was called good, and %s had %q", g.at.Format("04:05.000"), g.value, s.name, value))
		}
	}
	return strange
}
