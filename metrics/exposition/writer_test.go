package exposition_test

import (
	"math"
	"os/exec"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/metrics"
	"concierge/metrics/collect/dropwizard"
	reader "concierge/metrics/collect/exposition"
	"concierge/metrics/exposition"
	"concierge/metrics/fixture"
)

func labels(pairs ...string) []metrics.Label {
	var all []metrics.Label
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, metrics.Label{Name: pairs[i], Value: pairs[i+1]})
	}
	return all
}

func TestTextIsSortedTypedAndWithoutDuplicates(t *testing.T) {
	text, n := new(exposition.Writer).Append(nil, []metrics.Sample{
		{Name: "z_total", Kind: metrics.Counter, Value: 3}, {Name: "both", Kind: metrics.Counter, Value: 1, Labels: labels("a", "1")},
		{Name: "com.example.Orders", Field: "p99", Value: 0.25}, {Name: "both", Value: 2}, {Name: "com_example_Orders", Field: "p99", Value: 9},
		{Name: "1odd", Value: math.NaN(), Labels: labels("ö", "\"\\\n\xff", "2", "x", "empty", "")}, {Name: "text", Kind: metrics.Text, Raw: "x"},
		{Value: 1}, {Name: "inf", Value: math.Inf(1)}, {Name: "inf", Value: math.Inf(-1), Labels: labels("a", "b")},
	})
	want := `# TYPE _1odd gauge
_1odd{_="\"\\\n` + "\ufffd" + `",_2="x"} NaN
# TYPE both untyped
both 2
both{a="1"} 1
# TYPE com_example_Orders_p99 gauge
com_example_Orders_p99 0.25
# TYPE inf gauge
inf +Inf
inf{a="b"} -Inf
# TYPE z_total counter
z_total 3
`
	if string(text) != want {
		t.Errorf("the text is\n%s\nwant\n%s", text, want)
	}
	if want := (exposition.Counts{Written: 7, Filtered: 2, NotNumeric: 1}); n != want {
		t.Errorf("the counts are %+v, want %+v", n, want)
	}
}

func TestLabelsOfTheReceiverAreNotOverwritten(t *testing.T) {
	sample := []metrics.Sample{{Name: "a", Value: 1, Labels: labels("instance", "x", "job", "y")}}
	at := time.UnixMilli(1234)
	for _, c := range []struct {
		writer exposition.Writer
		want   string
	}{
		{exposition.Writer{Reserved: []string{"job"}}, `a{exported_job="y",instance="x"} 1`},
		{exposition.Writer{Labels: labels("job", "j", "host", "h"), At: at}, `a{exported_job="y",host="h",instance="x",job="j"} 1 1234`},
	} {
		text, _ := c.writer.Append(nil, sample)
		if got := strings.Split(string(text), "\n")[1]; got != c.want {
			t.Errorf("the line is %s, want %s", got, c.want)
		}
	}
}

// TestPromtoolReadsIt: lints about names are those of the application, the text
// has to be read without an error.
func TestPromtoolReadsIt(t *testing.T) {
	prometheus, err := new(reader.Parser).Append(nil, fixture.Prometheus(20))
	if err != nil {
		t.Fatal(err)
	}
	document, err := new(dropwizard.Parser).Append(nil, fixture.Dropwizard(20))
	if err != nil {
		t.Fatal(err)
	}
	for name, samples := range map[string][]metrics.Sample{"prometheus": prometheus, "dropwizard": document} {
		text, n := new(exposition.Writer).Append(nil, samples)
		if n.Written < 200 {
			t.Errorf("%s: the counts are %+v", name, n)
		}
		if out, code := promtool(t, string(text)); code != 0 && code != lint {
			t.Errorf("%s: promtool says with status %d: %s", name, code, out)
		}
	}
	if _, code := promtool(t, "a{ 1\n"); code == 0 || code == lint {
		t.Errorf("promtool takes anything: status %d", code)
	}
	clean, _ := new(exposition.Writer).Append(nil, []metrics.Sample{{Name: "shop_orders_total", Kind: metrics.Counter, Value: 1}})
	if out, _ := promtool(t, string(clean)); strings.Contains(out, "shop_orders_total") && !strings.Contains(out, "help") {
		t.Errorf("promtool says %s", out)
	}
}

// lint is promtool's status for a text that could be written better.
const lint = 3

func promtool(t *testing.T, text string) (said string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), testserver.Promtool(t), "check", "metrics")
	cmd.Stdin = strings.NewReader(text)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}
