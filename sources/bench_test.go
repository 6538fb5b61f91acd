package sources_test

import (
	"fmt"
	"testing"

	"concierge/sources"
)

// tenThousand is a snapshot of as many keys, and its queries.
func tenThousand() (sources.Snapshot, []sources.Query) {
	queries := make([]sources.Query, 10_000)
	values := make(map[sources.Query]sources.Value)
	for i := range queries {
		queries[i] = sources.Query{Source: "consul", Kind: sources.Key, Path: fmt.Sprintf("app/%05d", i)}
		values[queries[i]] = pair(queries[i], "some value")
	}
	s, _ := sources.Snapshot{}.With(values)
	return s, queries
}

func pair(q sources.Query, value string) sources.Value {
	return sources.Value{Exists: true, Data: sources.KeyPair{Path: q.Path, Value: value}}
}

// BenchmarkSnapshotChange is one changed key among 10,000, with the occasional
// new base in it.
func BenchmarkSnapshotChange(b *testing.B) {
	s, queries := tenThousand()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		q := queries[i%len(queries)]
		s, _ = s.With(map[sources.Query]sources.Value{q: pair(q, fmt.Sprint(i))})
	}
}

// BenchmarkSnapshotSince finds what has changed since a mark.
func BenchmarkSnapshotSince(b *testing.B) {
	s, queries := tenThousand()
	mark := s.Mark()
	for i, q := range queries[:64] {
		s, _ = s.With(map[sources.Query]sources.Value{q: pair(q, fmt.Sprint(i))})
	}
	b.ReportAllocs()
	for b.Loop() {
		if changed, ok := s.Since(mark); !ok || len(changed) != 64 {
			b.Fatalf("%d changes, %t", len(changed), ok)
		}
	}
}

// BenchmarkSnapshotLookup reads all of 10,000 keys.
func BenchmarkSnapshotLookup(b *testing.B) {
	s, queries := tenThousand()
	b.ReportAllocs()
	for b.Loop() {
		for _, q := range queries {
			if _, ok := s.Lookup(q); !ok {
				b.Fatal("a key is lost")
			}
		}
	}
}

// BenchmarkBatch gathers 10,000 answers and hands them over.
func BenchmarkBatch(b *testing.B) {
	_, queries := tenThousand()
	batch := sources.NewBatch("consul")
	b.ReportAllocs()
	for b.Loop() {
		for _, q := range queries {
			batch.Answer(q, sources.Value{Exists: true})
		}
		if len(batch.Take().Values) != len(queries) {
			b.Fatal("an answer is lost")
		}
	}
}
