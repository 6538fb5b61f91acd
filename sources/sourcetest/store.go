package sourcetest

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"concierge/sources"
)

func (s Subject) store(t *testing.T) {
	t.Run("PutGetDelete", s.storePutGetDelete)
	t.Run("AbsentKeyIsNotFound", s.storeAbsent)
	t.Run("ListIsSortedAndMayBeEmpty", s.storeList)
	t.Run("CompareAndSetMeetsAConflict", s.storeConflict)
	t.Run("OneOfManyCompareAndSetsWins", s.storeRace)
	t.Run("DeleteTreeRemovesItsPrefixOnly", s.storeDeleteTree)
	t.Run("WatchSeesEdits", s.storeIsWatched)
}

// openStore returns a fixture and its source as a store.
func (s Subject) openStore(t *testing.T) (Fixture, sources.Store) {
	t.Helper()
	f := s.Open(t)
	return f, f.Source.(sources.Store)
}

func (s Subject) storePutGetDelete(t *testing.T) {
	f, store := s.openStore(t)
	ctx, key := t.Context(), f.Root+"app/port"
	for _, value := range []string{"80", "81", ""} {
		if err := store.Put(ctx, key, value, nil); err != nil {
			t.Fatal(err)
		}
		pair, err := store.Get(ctx, key)
		if err != nil || pair.Value != value || pair.Path != key || pair.Key != "" {
			t.Errorf("read %+v, %v after writing %q", pair, err, value)
		}
	}
	if err := store.Delete(ctx, key); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Get(ctx, key); !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("reading a deleted key: %v", err)
	}
}

func (s Subject) storeAbsent(t *testing.T) {
	f, store := s.openStore(t)
	if _, err := store.Get(t.Context(), f.Root+"none"); !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("reading: %v", err)
	}
	if err := store.Delete(t.Context(), f.Root+"none"); !errors.Is(err, sources.ErrNotFound) {
		t.Errorf("deleting: %v", err)
	}
}

func (s Subject) storeList(t *testing.T) {
	f, store := s.openStore(t)
	if pairs, err := store.List(t.Context(), f.Root+"none/"); err != nil || len(pairs) != 0 {
		t.Errorf("an empty list is %v, %v", pairs, err)
	}
	var want []string
	for i := range 300 {
		name := fmt.Sprintf("l/%d", i)
		f.put(t, name, fmt.Sprint(i))
		want = append(want, f.Root+name)
	}
	slices.Sort(want)
	pairs, err := store.List(t.Context(), f.Root+"l/")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range pairs {
		got = append(got, p.Path)
	}
	if !slices.Equal(got, want) {
		t.Errorf("list is %q, want %q", got, want)
	}
}

func (s Subject) storeConflict(t *testing.T) {
	f, store := s.openStore(t)
	ctx, key, absent := t.Context(), f.Root+"cas", new(uint64)
	if err := store.Put(ctx, key, "1", absent); err != nil {
		t.Fatalf("creating an absent key: %v", err)
	}
	if err := store.Put(ctx, key, "2", absent); !errors.Is(err, sources.ErrConflict) {
		t.Errorf("creating a key that is there: %v", err)
	}
	pair, err := store.Get(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Put(ctx, key, "3", &pair.ModifyIndex); err != nil {
		t.Errorf("setting an unchanged key: %v", err)
	}
	if err := store.Put(ctx, key, "4", &pair.ModifyIndex); !errors.Is(err, sources.ErrConflict) {
		t.Errorf("setting a changed key: %v", err)
	}
	if pair, err = store.Get(ctx, key); err != nil || pair.Value != "3" {
		t.Errorf("key is %+v, %v", pair, err)
	}
}

func (s Subject) storeRace(t *testing.T) {
	f, store := s.openStore(t)
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			err := store.Put(t.Context(), f.Root+"race", fmt.Sprint(i), new(uint64))
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, sources.ErrConflict):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 10 created the same key", won.Load())
	}
}

func (s Subject) storeDeleteTree(t *testing.T) {
	f, store := s.openStore(t)
	f.put(t, "d/a", "1", "d/b/c", "2", "dd", "3")
	n, err := store.DeleteTree(t.Context(), f.Root+"d/")
	if err != nil || n != 2 {
		t.Errorf("removed %d keys, %v; want 2", n, err)
	}
	if pairs, err := store.List(t.Context(), f.Root+"d"); err != nil || len(pairs) != 1 || pairs[0].Value != "3" {
		t.Errorf("left are %v, %v", pairs, err)
	}
	if n, err := store.DeleteTree(t.Context(), f.Root+"d/"); err != nil || n != 0 {
		t.Errorf("removed %d keys of nothing, %v", n, err)
	}
}

func (s Subject) storeIsWatched(t *testing.T) {
	f, store := s.openStore(t)
	key := f.key("app/port")
	w := follow(t, f, nil, key)
	w.answered(key)
	if err := store.Put(t.Context(), key.Path, "80", nil); err != nil {
		t.Fatal(err)
	}
	w.value(key, "80")
	if err := store.Delete(t.Context(), key.Path); err != nil {
		t.Fatal(err)
	}
	w.until("the key is gone", func(v view) bool { return !v.values[key].Exists })
}
