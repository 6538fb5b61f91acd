package sourcetest

import (
	"fmt"
	"testing"

	"concierge/sources"
)

func (s Subject) set(t *testing.T) {
	t.Run("GrownSetIsAnswered", s.setGrows)
	t.Run("QueryWantedAgainIsAnsweredAgain", s.setRegrows)
	t.Run("EmptySetIsQuiet", s.setEmpties)
	t.Run("ManySetsAreTakenAndTheNewestWins", s.setsInARow)
}

func (s Subject) setGrows(t *testing.T) {
	f := s.Open(t)
	f.put(t, "a/1", "x", "b/1", "y")
	a, b, tree := f.key("a/1"), f.key("b/1"), f.tree("b/")
	w := follow(t, f, nil, a)
	w.answered(a)
	w.want(a, b, tree)
	w.answered(a, b, tree)
	f.put(t, "a/1", "x2", "b/1", "y2")
	w.value(a, "x2")
	w.value(b, "y2")
	w.holds(f, tree, "b/1", "y2")
}

func (s Subject) setRegrows(t *testing.T) {
	f := s.Open(t)
	f.put(t, "a/1", "x", "b/1", "y")
	a, b := f.key("a/1"), f.key("b/1")
	w := follow(t, f, nil, a, b)
	w.answered(a, b)
	w.want(b)
	f.put(t, "b/1", "y2")
	before := len(w.value(b, "y2").updates)
	w.want(a, b)
	w.until("the query that came back is answered anew", func(v view) bool {
		for _, u := range v.updates[before:] {
			if _, ok := u.Values[a]; ok {
				return true
			}
		}
		return false
	})
}

func (s Subject) setEmpties(t *testing.T) {
	f := s.Open(t)
	f.put(t, "a/1", "x")
	a, b := f.key("a/1"), f.key("b/1")
	w := follow(t, f, nil)
	w.want(a)
	w.answered(a)
	w.want()
	f.put(t, "a/1", "unseen")
	w.want(b)
	if v := w.answered(b); v.is(a, "unseen") {
		t.Errorf("%s was published while nothing was wanted", a)
	}
}

func (s Subject) setsInARow(t *testing.T) {
	f := s.Open(t)
	f.put(t, "n/099", "last")
	w := follow(t, f, nil)
	var last sources.Query
	for i := range 100 {
		last = f.key(fmt.Sprintf("n/%03d", i))
		w.want(last, f.tree(fmt.Sprintf("n/%03d", i)))
	}
	w.value(last, "last")
}
