package otlp_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"concierge/metrics"
	"concierge/metrics/collect/dropwizard"
	"concierge/metrics/collect/exposition"
	"concierge/metrics/fixture"
	"concierge/metrics/push/otlp"
)

// BenchmarkPush is the cost of delivering 34,000 samples: objects, protobuf,
// compression and the socket. cpu-ms/op is the time of all threads, with the
// little that it takes to receive the request in the same process.
func BenchmarkPush(b *testing.B) {
	sink := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	b.Cleanup(sink.Close)
	for name, samples := range map[string][]metrics.Sample{"prometheus": prometheus(b), "dropwizard": document(b)} {
		b.Run(name, func(b *testing.B) {
			target := newTarget(b, otlp.Config{}, sink.URL)
			s := snapshot(samples...)
			r := push(b, target, s)
			b.ReportMetric(float64(r.WireBytes), "wire-bytes")
			b.ReportAllocs()
			report := fixture.CPU(b)
			for b.Loop() {
				push(b, target, s)
			}
			report()
		})
	}
}

func prometheus(t testing.TB) []metrics.Sample {
	t.Helper()
	samples, err := new(exposition.Parser).Append(nil, fixture.Prometheus(2400))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func document(t testing.TB) []metrics.Sample {
	t.Helper()
	samples, err := new(dropwizard.Parser).Append(nil, fixture.Dropwizard(1000))
	if err != nil {
		t.Fatal(err)
	}
	return samples
}
