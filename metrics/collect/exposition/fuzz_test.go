package exposition_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"concierge/metrics"
	"concierge/metrics/collect/exposition"
	"concierge/metrics/fixture"
)

// FuzzAppend compares with the reader of Prometheus' client library: what that
// takes is taken here, too, with the same values.
func FuzzAppend(f *testing.F) {
	for _, text := range []string{
		fixture.Prometheus(1), "a 1\n", "# TYPE a counter\na{b=\"c\"} 1 2\n", "{\"a.b\",\"c d\"=\"e\"} NaN\n",
		"# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 3\n", "a{b=\"\\\\\\\"\\n\",} -Inf\n\n# x\n",
		"# HELP a \\n\n# TYPE a gauge\na{x=\"1\",y=\"2\"}1\na{x=\"1\",z=\"2\"}0x1\na 1_0\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		samples, err := new(exposition.Parser).Append(nil, text)
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, theirs := parser.TextToMetricFamilies(strings.NewReader(text))
		if theirs != nil || strings.Contains(text, "\r") {
			return
		}
		if err != nil {
			t.Fatalf("they read it: %v", err)
		}
		want := simple(families)
		got := make(map[string]int)
		for _, s := range samples {
			if key := line(s.Name, labelsOf(s), s.Value); want[key] > 0 {
				got[key]++
			}
		}
		for key, n := range want {
			if got[key] < n {
				t.Fatalf("%s is there %d times, want %d", key, got[key], n)
			}
		}
	})
}

// simple is what families hold, but for the distributions, of which their reader
// makes something else.
func simple(families map[string]*dto.MetricFamily) map[string]int {
	all := make(map[string]int)
	for name, family := range families {
		for _, m := range family.Metric {
			var labels []string
			for _, l := range m.Label {
				labels = append(labels, fmt.Sprintf("%q=%q", l.GetName(), l.GetValue()))
			}
			switch {
			case m.Counter != nil:
				all[line(name, labels, m.Counter.GetValue())]++
			case m.Gauge != nil:
				all[line(name, labels, m.Gauge.GetValue())]++
			case m.Untyped != nil:
				all[line(name, labels, m.Untyped.GetValue())]++
			}
		}
	}
	return all
}

func labelsOf(s metrics.Sample) (labels []string) {
	for _, l := range s.Labels {
		labels = append(labels, fmt.Sprintf("%q=%q", l.Name, l.Value))
	}
	return labels
}

func line(name string, labels []string, value float64) string {
	slices.Sort(labels)
	return fmt.Sprintf("%q %s %v", name, labels, value)
}
