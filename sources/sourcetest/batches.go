package sourcetest

import (
	"fmt"
	"slices"
	"testing"

	"concierge/sources"
)

func (s Subject) batches(t *testing.T) {
	t.Run("TreeAndItsKeysNeverContradict", s.treeAgrees)
	if s.Open(t).Transact != nil {
		t.Run("TransactionIsOneUpdate", s.transaction)
		t.Run("TransactionsAreNeverTorn", s.transactionsInARow)
	}
}

func (s Subject) treeAgrees(t *testing.T) {
	f := s.Open(t)
	f.put(t, "app/port", "0")
	key, tree := f.key("app/port"), f.tree("app/")
	w := follow(t, f, func(v view) error {
		pair, _ := v.values[key].Data.(sources.KeyPair)
		pairs := flat(f, v.values[tree])
		if v.has(key, tree) && (len(pairs) != 2 || pairs[1] != pair.Value) {
			return fmt.Errorf("key is %q and tree is %q in one update", pair.Value, pairs)
		}
		return nil
	}, key, tree)
	w.answered(key, tree)
	for i := range 50 {
		f.put(t, "app/port", fmt.Sprint(i+1))
	}
	w.value(key, "50")
}

// transactionSize is what one transaction of every store can hold.
const transactionSize = 50

func (s Subject) transaction(t *testing.T) {
	f := s.Open(t)
	queries, write := f.transactions(t)
	w := follow(t, f, nil, queries...)
	before := len(w.answered(queries...).updates)
	write("new")
	v := w.until("all keys are new", func(v view) bool { return v.allAre(queries[1:], "new") })
	news := slices.DeleteFunc(v.updates[before:], func(u sources.Update) bool { return len(u.Values) == 0 })
	if len(news) != 1 || len(news[0].Values) != len(queries) {
		t.Errorf("a transaction of %d keys and a tree came as %d updates:\n%s", transactionSize, len(news), v)
	}
}

func (s Subject) transactionsInARow(t *testing.T) {
	f := s.Open(t)
	queries, write := f.transactions(t)
	w := follow(t, f, func(v view) error {
		if first, _ := v.values[queries[1]].Data.(sources.KeyPair); v.has(queries...) && !v.allAre(queries[1:], first.Value) {
			return fmt.Errorf("two transactions are mixed in one update")
		}
		return nil
	}, queries...)
	w.answered(queries...)
	for i := range 20 {
		write(fmt.Sprint(i))
	}
	w.until("the last transaction arrived", func(v view) bool { return v.allAre(queries[1:], "19") })
}

// transactions returns a tree and every key below it, and what writes them all
// in one transaction. The keys exist already.
func (f Fixture) transactions(t *testing.T) (queries []sources.Query, write func(value string)) {
	t.Helper()
	queries = []sources.Query{f.tree("tx/")}
	for i := range transactionSize {
		queries = append(queries, f.key(fmt.Sprintf("tx/%02d", i)))
	}
	write = func(value string) {
		t.Helper()
		pairs := make(map[string]string)
		for _, q := range queries[1:] {
			pairs[q.Path] = value
		}
		if err := f.Transact(t.Context(), pairs); err != nil {
			t.Fatalf("writing %d keys in one transaction: %v", len(pairs), err)
		}
	}
	write("old")
	return queries, write
}

func (v view) allAre(queries []sources.Query, value string) bool {
	return !slices.ContainsFunc(queries, func(q sources.Query) bool { return !v.is(q, value) })
}
