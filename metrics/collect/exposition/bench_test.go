package exposition_test

import (
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

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

// BenchmarkExpfmt reads the same by Prometheus' client library.
func BenchmarkExpfmt(b *testing.B) {
	text := fixture.Prometheus(2400)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	report := fixture.CPU(b)
	for b.Loop() {
		p := expfmt.NewTextParser(model.UTF8Validation)
		if families, err := p.TextToMetricFamilies(strings.NewReader(text)); err != nil || len(families) != 4 {
			b.Fatalf("%d families, %v", len(families), err)
		}
	}
	report()
}
