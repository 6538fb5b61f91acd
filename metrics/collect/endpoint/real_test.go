package endpoint_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"concierge/internal/testserver"
	"concierge/metrics"
	"concierge/metrics/collect/endpoint"
)

// TestRealServerIsRead reads what etcd exposes and compares with Prometheus'
// own reader.
func TestRealServerIsRead(t *testing.T) {
	url := testserver.Etcd(t).URL() + "/metrics"
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	samples, err := at(t, endpoint.HTTP{URL: url}, endpoint.Options{}).Collect(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]metrics.Sample)
	for _, s := range samples {
		if s.Group == "" {
			t.Errorf("%s has no type", s.Path())
		}
		seen[s.Name] = s
	}
	for name, family := range families {
		want := map[string]string{"COUNTER": name, "GAUGE": name, "HISTOGRAM": name + "_count", "SUMMARY": name + "_sum", "UNTYPED": name}[family.GetType().String()]
		if _, ok := seen[want]; !ok {
			t.Errorf("%s is not there", want)
		}
	}
	if s := seen["process_start_time_seconds"]; len(samples) < 500 || s.Value < 1.6e9 || s.Kind != metrics.Gauge {
		t.Errorf("%d samples; it was started at %+v", len(samples), s)
	}
}
