package endpoint_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"concierge/metrics"
	"concierge/metrics/collect/endpoint"
	"concierge/metrics/fixture"
	"concierge/metrics/rules"
)

// BenchmarkFile is a whole reading without the cost of a server in the same
// process.
func BenchmarkFile(b *testing.B) {
	for name, text := range map[string]string{"dropwizard": fixture.Dropwizard(1000), "prometheus": fixture.Prometheus(2400)} {
		path := filepath.Join(b.TempDir(), "metrics")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) { benchmark(b, endpoint.File{Path: path}) })
	}
}

// BenchmarkHTTP is a reading from a server, whose work counts, too.
func BenchmarkHTTP(b *testing.B) {
	text := fixture.Dropwizard(1000)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }))
	defer s.Close()
	r, err := endpoint.NewHTTP(endpoint.HTTP{URL: s.URL})
	if err != nil {
		b.Fatal(err)
	}
	benchmark(b, r)
}

func benchmark(b *testing.B, r endpoint.Reader) {
	set, err := rules.New(rules.Zabbix())
	if err != nil {
		b.Fatal(err)
	}
	e := endpoint.New(r, endpoint.Options{Wants: set.Wants})
	var samples []metrics.Sample
	b.ReportAllocs()
	report := fixture.CPU(b)
	for b.Loop() {
		if samples, err = e.Collect(b.Context(), samples[:0]); err != nil || len(samples) < 5000 {
			b.Fatalf("%d samples, %v", len(samples), err)
		}
	}
	report()
}
