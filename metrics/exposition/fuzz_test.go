package exposition_test

import (
	"math"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"concierge/metrics"
	"concierge/metrics/collect/exposition"
	writer "concierge/metrics/exposition"
)

// FuzzAppend has what was written read by the project's own reader and by that
// of Prometheus' client library, which knows only the old names.
func FuzzAppend(f *testing.F) {
	f.Add("name", "p99", "label", "value", "other", 1.5)
	f.Add("9ö\n", "\xff", "job", "\"\\\n", "job", math.Inf(-1))
	f.Add("a", "", "__name__", "}", "exported_job", math.NaN())
	f.Fuzz(func(t *testing.T, name, field, label, value, second string, v float64) {
		w := writer.Writer{Labels: labels("job", "j"), Reserved: []string{"instance"}}
		sample := metrics.Sample{Name: name, Field: field, Value: v, Labels: labels(label, value, second, value+"2")}
		text, n := w.Append(nil, []metrics.Sample{sample, sample})
		if name == "" && n.Written != 0 || name != "" && n.Written != 1 {
			t.Fatalf("the counts are %+v", n)
		}
		read, err := new(exposition.Parser).Append(nil, string(text))
		if err != nil || len(read) != n.Written {
			t.Fatalf("reading %q: %d samples, %v", text, len(read), err)
		}
		parser := expfmt.NewTextParser(model.LegacyValidation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(string(text)))
		if err != nil || len(families) != n.Written {
			t.Fatalf("the client library reads %q as %d families, %v", text, len(families), err)
		}
		for _, s := range read {
			if s.Value != v && !(math.IsNaN(v) && math.IsNaN(s.Value)) {
				t.Errorf("the value is %v, want %v", s.Value, v)
			}
			if clean := strings.ToValidUTF8(value, "\ufffd"); clean != "" && label != "" && !has(s.Labels, clean) {
				t.Errorf("%q has no label %q", text, clean)
			}
		}
	})
}

func has(all []metrics.Label, value string) bool {
	for _, l := range all {
		if l.Value == value {
			return true
		}
	}
	return false
}
