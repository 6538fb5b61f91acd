package file_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"concierge/sources"
)

// BenchmarkList reads a tree of ten thousand keys, as each look does that
// finds nothing in its cache.
func BenchmarkList(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	for i := range 10_000 {
		write(b, filepath.Join(dir, fmt.Sprintf("d%d/k%d", i%100, i)), "value")
	}
	for b.Loop() {
		if pairs, err := s.List(b.Context(), ""); err != nil || len(pairs) != 10_000 {
			b.Fatal(len(pairs), err)
		}
	}
}

// BenchmarkChange is the time from a put of one key among ten thousand until
// its update, which includes the 10 ms in which changes are gathered.
func BenchmarkChange(b *testing.B) {
	dir := b.TempDir()
	s := open(b, dir)
	for i := range 10_000 {
		write(b, filepath.Join(dir, fmt.Sprintf("d%d/k%d", i%100, i)), "value")
	}
	updates := make(chan sources.Update, 1)
	wanted := make(chan []sources.Query)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(b.Context(), wanted, func(u sources.Update) { updates <- u })
	}()
	wanted <- []sources.Query{tree("")}
	<-updates
	i := 0
	for b.Loop() {
		i++
		if err := s.Put(b.Context(), "d1/k1", fmt.Sprint(i), nil); err != nil {
			b.Fatal(err)
		}
		<-updates
	}
	b.Cleanup(func() { <-done })
}
