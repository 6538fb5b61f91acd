package etcd

import (
	"fmt"
	"slices"
	"testing"
)

// BenchmarkPlan plans 10,000 keys: of one directory, and of 500 directories.
func BenchmarkPlan(b *testing.B) {
	for name, directories := range map[string]int{"one directory": 1, "500 directories": 500} {
		var wanted []target
		for i := range 10_000 {
			wanted = append(wanted, target{path: fmt.Sprintf("app/%03d/k%05d", i%directories, i)})
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(plan(slices.Clone(wanted))) == 0 {
					b.Fatal("nothing is planned")
				}
			}
		})
	}
}
