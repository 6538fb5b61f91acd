package dropwizard_test

import (
	"concierge/metrics"
	"concierge/metrics/collect/dropwizard"
	"concierge/metrics/fixture"
	"testing"
)

func BenchmarkAppend(b *testing.B) {
	text := fixture.Dropwizard(1000)
	b.SetBytes(int64(len(text)))
	var samples []metrics.Sample
	var p dropwizard.Parser
	b.ReportAllocs()
	report := fixture.CPU(b)
	for b.Loop() {
		var err error
		if samples, err = p.Append(samples[:0], text); err != nil {
			b.Fatal(err)
		}
	}
	report()
}
