package consul

import (
	"fmt"
	"slices"
	"testing"

	"concierge/sources"
)

// BenchmarkPlan plans 10,000 keys: of one directory, and of 500 directories.
func BenchmarkPlan(b *testing.B) {
	var spread []sources.Query
	for i := range 500 {
		spread = append(spread, keysIn(fmt.Sprintf("app/%03d/", i), 20)...)
	}
	for name, queries := range map[string][]sources.Query{"one directory": keysIn("app/", 10_000), "500 directories": spread} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(plan(slices.Clone(queries), scope{}, nil)) == 0 {
					b.Fatal("nothing is planned")
				}
			}
		})
	}
}
