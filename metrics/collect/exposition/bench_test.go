package exposition_test

import (
	"testing"

	"concierge/metrics"
	"concierge/metrics/collect/exposition"
	"concierge/metrics/fixture"
)

// BenchmarkAll reads 34,020 samples, of which 28,800 are buckets.
func BenchmarkAll(b *testing.B) { benchmark(b, exposition.Parser{}, 34_020) }

// BenchmarkWithoutBuckets reads the same text as for a target that does not
// want them.
func BenchmarkWithoutBuckets(b *testing.B) {
	p := exposition.Parser{Wants: func(name, _ string) bool {
		return name != "shop_request_duration_seconds_bucket"
	}}
	benchmark(b, p, 34_020-2400*fixture.Buckets)
}

func benchmark(b *testing.B, p exposition.Parser, want int) {
	text := fixture.Prometheus(2400)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var samples []metrics.Sample
	report := fixture.CPU(b)
	for b.Loop() {
		var err error
		if samples, err = p.Append(samples[:0], text); err != nil || len(samples) != want {
			b.Fatalf("%d samples, %v; want %d", len(samples), err, want)
		}
	}
	report()
}
