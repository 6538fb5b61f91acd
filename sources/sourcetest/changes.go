package sourcetest

import (
	"fmt"
	"sync"
	"testing"

	"concierge/sources"
)

func (s Subject) changes(t *testing.T) {
	t.Run("ChangeArrives", s.changeArrives)
	t.Run("DeletionArrives", s.deletionArrives)
	t.Run("EqualWriteKeepsTheAnswer", s.equalWrite)
	t.Run("ForeignChangesStayOut", s.foreignChanges)
	t.Run("ManyWritersConverge", s.manyWriters)
}

func (s Subject) changeArrives(t *testing.T) {
	f := s.Open(t)
	f.put(t, "app/port", "80")
	key, created, tree := f.key("app/port"), f.key("app/host"), f.tree("app/")
	w := follow(t, f, nil, key, created, tree)
	w.answered(key, created, tree)
	f.put(t, "app/port", "81")
	w.value(key, "81")
	f.put(t, "app/host", "h")
	w.value(created, "h")
	w.holds(f, tree, "app/host", "h", "app/port", "81")
}

func (s Subject) deletionArrives(t *testing.T) {
	f := s.Open(t)
	f.put(t, "app/host", "h", "app/port", "80")
	key, tree := f.key("app/port"), f.tree("app/")
	w := follow(t, f, nil, key, tree)
	w.answered(key, tree)
	f.delete(t, "app/port")
	v := w.until("the key is gone", func(v view) bool { return !v.values[key].Exists })
	if v.values[key].Data != nil {
		t.Errorf("absence carries data: %+v", v.values[key])
	}
	w.holds(f, tree, "app/host", "h")
	f.put(t, "app/port", "82")
	w.value(key, "82")
}

func (s Subject) equalWrite(t *testing.T) {
	f := s.Open(t)
	f.put(t, "app/port", "80")
	key, mark := f.key("app/port"), f.key("app/zmark")
	w := follow(t, f, func(v view) error {
		if v.has(key) && !v.is(key, "80") {
			return fmt.Errorf("an equal write made the answer %+v", v.values[key])
		}
		return nil
	}, key, mark)
	w.answered(key, mark)
	f.put(t, "app/port", "80", "app/zmark", "1")
	w.value(mark, "1")
}

// A change of keys that nobody asked for must not turn up in any answer.
func (s Subject) foreignChanges(t *testing.T) {
	f := s.Open(t)
	f.put(t, "app/b", "1", "app/d", "1")
	low, high := f.key("app/b"), f.key("app/d")
	w := follow(t, f, nil, low, high)
	w.answered(low, high)
	f.put(t, "app/c", "x", "app/bb", "x", "app/d2", "x", "app/d", "2")
	v := w.value(high, "2")
	for _, u := range v.updates {
		for q := range u.Values {
			if q != low && q != high {
				t.Errorf("%s was published and is not wanted", q)
			}
		}
	}
}

func (s Subject) manyWriters(t *testing.T) {
	f := s.Open(t)
	const writers, rounds = 8, 25
	tree := f.tree("hot/")
	queries := []sources.Query{tree}
	var want []string
	for i := range writers {
		queries = append(queries, f.key(fmt.Sprintf("hot/%d", i)))
		want = append(want, fmt.Sprintf("hot/%d", i), fmt.Sprint(rounds-1))
	}
	w := follow(t, f, nil, queries...)
	w.answered(queries...)
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			for r := range rounds {
				if err := f.Writer.Put(t.Context(), fmt.Sprintf("%shot/%d", f.Root, i), fmt.Sprint(r)); err != nil {
					t.Errorf("writing: %v", err)
				}
			}
		})
	}
	wg.Wait()
	w.holds(f, tree, want...)
	for i := range writers {
		w.value(queries[i+1], fmt.Sprint(rounds-1))
	}
}
