package dropwizard_test

import (
	"math"
	"os"
	"testing"

	"concierge/metrics"
)

// TestRealDocumentsAreRead reads what Dropwizard metrics 3.2.6 with Jackson 2.14
// wrote, once as it is and once told not to quote numbers that JSON has no form
// for.
func TestRealDocumentsAreRead(t *testing.T) {
	for _, file := range []string{"testdata/metrics-3.2.6.json", "testdata/metrics-3.2.6-unquoted.json"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all := make(map[string]metrics.Sample)
		numbers := 0
		for _, s := range read(t, string(text)) {
			all[s.Group+" "+s.Path()] = s
			if s.Kind != metrics.Text {
				numbers++
			}
		}
		if numbers != 105 {
			t.Errorf("%s: %d numbers, want 105", file, numbers)
		}
		for path, want := range map[string]float64{
			`counters shop.orders,"open"[x]\`: -3, "histograms shop.size.p999": 9801, "meters shop.requests.count": 7,
			"timers shop.took.min": 3.7000000000000005e-5, "gauges odd.truth": 1, "gauges odd.infinity": math.Inf(-1),
		} {
			if s, ok := all[path]; !ok || s.Value != want {
				t.Errorf("%s: %s is %+v, want %v", file, path, s, want)
			}
		}
		if s := all["gauges odd.nan"]; !math.IsNaN(s.Value) || s.Raw != "NaN" {
			t.Errorf("%s: NaN is %+v", file, s)
		}
		for path, want := range map[string]string{
			"gauges odd.text": `UP "since" Größe`, "gauges odd.list": "[ 1, 2 ]", "gauges jvm.threads.deadlocks": "[ ]",
			"gauges odd.failed.error": "java.lang.IllegalStateException: pool closed",
		} {
			if s := all[path]; s.Kind != metrics.Text || s.Raw != want {
				t.Errorf("%s: %s is %+v, want the text %q", file, path, s, want)
			}
		}
	}
}
