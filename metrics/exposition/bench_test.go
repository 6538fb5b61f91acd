package exposition_test

import (
	"testing"

	reader "concierge/metrics/collect/exposition"
	"concierge/metrics/exposition"
	"concierge/metrics/fixture"
)

// BenchmarkAppend is the cost of writing 34,020 samples.
func BenchmarkAppend(b *testing.B) {
	samples, err := new(reader.Parser).Append(nil, fixture.Prometheus(2400))
	if err != nil {
		b.Fatal(err)
	}
	w := exposition.Writer{Reserved: []string{"job", "instance"}}
	var text []byte
	b.ReportAllocs()
	report := fixture.CPU(b)
	for b.Loop() {
		var n exposition.Counts
		if text, n = w.Append(text[:0], samples); n.Written+n.Filtered != len(samples) {
			b.Fatal(n)
		}
	}
	report()
}
