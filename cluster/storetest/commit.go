package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"concierge/cluster"
)

func (s Subject) allOrNothing(t *testing.T) {
	a, b := s.two(t)
	must(t, a, put("x", "1"), put("y", "1"))
	v := version(t, b, "x")
	for name, conditions := range map[string][]cluster.Condition{
		"one that is absent is there": only(when("x", v), when("y", cluster.Absent)),
		"one that is there is absent": only(when("x", v), when("z", v)),
		"one has another version":     only(when("y", version(t, b, "y")), when("x", v-1)),
	} {
		if commit(t, b, conditions, put("x", "2"), remove("y"), put("z", "2")) {
			t.Errorf("%s: done", name)
		}
		wants(t, read(t, a, ""), "x=1", "y=1")
	}
	if !commit(t, b, only(when("x", v), when("z", cluster.Absent)), put("x", "2"), remove("y"), put("z", "2")) {
		t.Error("all conditions held and it was not done")
	}
	view := read(t, a, "")
	wants(t, view, "x=2", "z=2")
	if x, z := view.Get("x"), view.Get("z"); x.Version != z.Version {
		t.Errorf("one transaction made the versions %d and %d", x.Version, z.Version)
	}
	if !commit(t, b, only(when("x", view.Get("x").Version))) || commit(t, b, only(when("x", v))) {
		t.Error("conditions without a write were not answered")
	}
}

func (s Subject) wide(t *testing.T) {
	a, b := s.two(t)
	o := open(t, a)
	var txn cluster.Txn
	for i := range 32 {
		txn.If = append(txn.If, when(fmt.Sprint("absent", i), cluster.Absent))
		txn.Then = append(txn.Then, owned(fmt.Sprint("k", i), "v", o))
	}
	if done, err := a.Commit(t.Context(), txn); err != nil || !done {
		t.Fatalf("%t, %v", done, err)
	}
	if n := len(read(t, b, "k").Entries); n != 32 {
		t.Errorf("%d keys were written", n)
	}
}

func (s Subject) oneWinner(t *testing.T) {
	a, b := s.two(t)
	for round := range 5 {
		v := version(t, a, "k")
		var won atomic.Int32
		var writers sync.WaitGroup
		for i := range 50 {
			writers.Go(func() {
				store := []cluster.Store{a, b}[i%2]
				done, err := store.Commit(t.Context(), cluster.Txn{If: only(when("k", v)), Then: []cluster.Write{put("k", fmt.Sprint(round, "-", i))}})
				if err != nil {
					t.Error(err)
				}
				if done {
					won.Add(1)
				}
			})
		}
		writers.Wait()
		if n := won.Load(); n != 1 {
			t.Errorf("round %d: %d of 50 won", round, n)
		}
	}
}

func (s Subject) versions(t *testing.T) {
	a, b := s.two(t)
	last := cluster.Absent
	for i := range 20 {
		must(t, a, put("k", fmt.Sprint(i)))
		v := version(t, b, "k")
		if v <= last {
			t.Errorf("version %d after %d", v, last)
		}
		last = v
		must(t, a, remove("k"))
		if v := version(t, b, "k"); v != cluster.Absent {
			t.Errorf("a deleted key has version %d", v)
		}
		if commit(t, b, only(when("k", last)), put("k", "late")) {
			t.Error("a deleted key was written by its old version")
		}
	}
}

func (s Subject) fencing(t *testing.T) {
	a, b := s.two(t)
	must(t, a, put("slot", "first"))
	first := version(t, a, "slot")
	must(t, b, remove("slot"))
	must(t, b, put("slot", "second"))
	if commit(t, a, only(when("slot", first)), remove("slot"), put("ack", "first")) {
		t.Error("the slot of another holder was deleted")
	}
	wants(t, read(t, a, ""), "slot=second")
}
