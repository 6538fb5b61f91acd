package exposition_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/exposition"
	"concierge/metrics/fixture"
)

func read(t *testing.T, p exposition.Parser, text string) []metrics.Sample {
	t.Helper()
	samples, err := p.Append(nil, text)
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

// show is samples as lines of group, path, kind and what was written.
func show(samples []metrics.Sample) string {
	var b strings.Builder
	for _, s := range samples {
		fmt.Fprintf(&b, "%s %s %d %s %v\n", s.Group, s.Path(), s.Kind, s.Raw, s.Value)
	}
	return b.String()
}

func TestTextIsRead(t *testing.T) {
	const text = `# HELP http_requests_total Requests, a \\ and a \n in it.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="get" , code="400",}	3

# a comment
#TYPE nothing of this
# TYPE up gauge
up 1
up{path="C:\\DIR\\",error="Cannot \"find\"\nit"} 1.458255915e9
free_total +Inf
  spaced:name   -Inf   -39
no_type{} NaN
# TYPE rpc summary
rpc{quantile="0.9"} 9001
rpc_sum 1.7560473e+07
rpc_count 2693
# TYPE took histogram
took_bucket{le="+Inf"} 3
took_sum 1e400
took_count 3
took_other 4
# TYPE plain untyped
plain 0
`
	const want = `counter http_requests_total{code="200",method="post"} 1 1027 1027
counter http_requests_total{code="400",method="get"} 1 3 3
gauge up 0 1 1
gauge up{error="Cannot \"find\"\nit",path="C:\\DIR\\"} 0 1.458255915e9 1.458255915e+09
 free_total 1 +Inf +Inf
 spaced:name 0 -Inf -Inf
 no_type 0 NaN NaN
summary rpc{quantile="0.9"} 0 9001 9001
summary rpc_sum 1 1.7560473e+07 1.7560473e+07
summary rpc_count 1 2693 2693
histogram took_bucket{le="+Inf"} 1 3 3
histogram took_sum 1 1e400 +Inf
histogram took_count 1 3 3
 took_other 0 4 4
untyped plain 0 0 0
`
	for _, text := range []string{text, strings.ReplaceAll(text, "\n", "\r\n"), strings.TrimSuffix(text, "\n")} {
		if got := show(read(t, exposition.Parser{}, text)); got != want {
			t.Errorf("read\n%s\nwant\n%s", got, want)
		}
	}
}

func TestQuotedNamesAreRead(t *testing.T) {
	const text = `# TYPE "my.größe" counter
{"my.größe","label with space"="x",a="b"} 5
{a="b","my.größe"} 6
{"my.größe"} 7
plain{"quoted label"="y"} 8
{"a 1"} 9
a 1 10
`
	const want = `counter my.größe{a="b",label with space="x"} 1 5 5
counter my.größe{a="b"} 1 6 6
counter my.größe 1 7 7
 plain{quoted label="y"} 0 8 8
 a 1 0 9 9
 a 0 1 1
`
	if got := show(read(t, exposition.Parser{}, text)); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}

func TestOpenMetricsIsRead(t *testing.T) {
	const text = `# TYPE foo counter
# UNIT foo seconds
foo_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
foo_created{a="b"} 1520430000.123
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="open"} 1
# TYPE size gaugehistogram
size_bucket{le="+Inf"} 5 # {x="y"} 2
size_gcount 5
size_gsum 9
# EOF
`
	const want = `counter foo_total{a="b"} 1 17.0 17
counter foo_created{a="b"} 0 1520430000.123 1.520430000123e+09
info build_info{version="1"} 0 1 1
stateset state{state="open"} 0 1 1
gaugehistogram size_bucket{le="+Inf"} 0 5 5
gaugehistogram size_gcount 0 5 5
gaugehistogram size_gsum 0 9 9
`
	if got := show(read(t, exposition.Parser{OpenMetrics: true}, text)); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}

func TestOpenMetricsThatIsCutOffIsRefused(t *testing.T) {
	whole := fixture.OpenMetrics(2)
	for _, text := range []string{"", "a 1\n", strings.TrimSuffix(whole, "# EOF\n"), whole + "a 1\n"} {
		p := exposition.Parser{OpenMetrics: true}
		if _, err := p.Append(nil, text); err == nil {
			t.Errorf("%.20q…%q was taken for whole", text, text[max(0, len(text)-20):])
		}
	}
}

func TestFixturesAreRead(t *testing.T) {
	samples := read(t, exposition.Parser{}, fixture.Prometheus(2400))
	if want := 2400*fixture.HistogramSamples + fixture.PrometheusOther(2400); len(samples) != want || want != 34_020 {
		t.Errorf("%d samples, want %d", len(samples), want)
	}
	samples = read(t, exposition.Parser{OpenMetrics: true}, fixture.OpenMetrics(10))
	if want := 10*fixture.HistogramSamples + 13; len(samples) != want {
		t.Errorf("%d samples of OpenMetrics, want %d", len(samples), want)
	}
	for _, s := range samples {
		if !slices.IsSortedFunc(s.Labels, func(a, b metrics.Label) int { return strings.Compare(a.Name, b.Name) }) {
			t.Fatalf("labels of %s are not sorted", s.Path())
		}
	}
}

func TestUnwantedSeriesAreLeftOut(t *testing.T) {
	asked := make(map[string]int)
	p := exposition.Parser{Wants: func(name, group string) bool {
		asked[name+" "+group]++
		return !strings.HasSuffix(name, "_bucket") && name != "quoted name"
	}}
	text := fixture.Prometheus(50) + `{"quoted name"} 1` + "\nlast 1\n"
	samples := read(t, p, text)
	if want := 2*50 + fixture.PrometheusOther(50) + 1; len(samples) != want {
		t.Errorf("%d samples, want %d", len(samples), want)
	}
	for name, n := range asked {
		if n > 1 {
			t.Errorf("%q was asked for %d times, want once", name, n)
		}
	}
	if asked["shop_request_duration_seconds_bucket histogram"] == 0 {
		t.Errorf("asked for %v", asked)
	}
}

func TestBadLineIsRefused(t *testing.T) {
	before := []metrics.Sample{{Name: "before"}}
	for text, want := range map[string]string{
		"ok 1\nno_value\n": "line 2:",
		"no_value ":        "no number",
		"a b":              `"b" is no number`,
		"a 0x10":           "no number",
		"a -0X1p2":         "no number",
		"a 1 b":            "timestamp",
		"a 1 2 3":          "follows the timestamp",
		"1a 1":             "does not begin with the name",
		"{} 1":             "without a name",
		`a{"b"} 1`:         "two names",
		`{"a","b"} 1`:      "two names",
		`a{b} 1`:           "has no value",
		`a{b=c} 1`:         "in quotes",
		`a{b="c} 1`:        "does not end",
		`a{b="c\x"} 1`:     "after a backslash",
		`a{b="c" d="e"} 1`: "do not end with }",
		`a{b="c"`:          "do not end with }",
		`a{,} 1`:           "name of a label",
		`a{b="c",,} 1`:     "name of a label",
		`a{b="1",b="2"} 1`: `label "b" twice`,
		"<html>":           "does not begin",
		`a{` + strings.Repeat(`b="c",`, 200) + `} 1`: "more than 128 labels",
		`a{le="1"} 1` + "\n" + `a{le="1"x} 1`:        "do not end with }",
	} {
		samples, err := new(exposition.Parser).Append(before, text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: error %v, want %q in it", text, err, want)
		}
		if len(samples) != 1 {
			t.Errorf("%.60s: %d samples, want those from before", text, len(samples))
		}
	}
}

func TestTooManySamplesOrLabelsAreRefused(t *testing.T) {
	p := exposition.Parser{Most: 20}
	for text, fits := range map[string]bool{
		strings.Repeat("a 1\n", 20): true,
		strings.Repeat("a 1\n", 21): false,
		strings.Repeat(`a{b="",c="",d="",e="",f="",g="",h="",i="",j="",k="",l="",m=""} 1`+"\n", 19): false,
	} {
		if _, err := p.Append(make([]metrics.Sample, 5), text); errors.Is(err, metrics.ErrTooBig) == fits {
			t.Errorf("%.40s: error %v, want too big: %v", text, err, !fits)
		}
	}
}

func TestLongLineTakesNoLongerThanShortOnes(t *testing.T) {
	begun := fixture.CPUTime()
	for _, line := range []string{
		`a{b="` + strings.Repeat("x", 10<<20) + `"} 1`,
		`a{b="` + strings.Repeat(`\\`, 5<<20) + `"} 1`,
		`a{` + strings.Repeat(`b="",`, 2<<20) + `} 1`,
		strings.Repeat("a", 10<<20), strings.Repeat(" ", 10<<20), "#" + strings.Repeat("# ", 5<<20),
	} {
		_, err := new(exposition.Parser).Append(nil, line)
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("error of %d bytes", len(err.Error()))
		}
	}
	if took := fixture.CPUTime() - begun; took > 10*time.Second {
		t.Errorf("60 MB took %v of processor time", took)
	}
}

func TestLabelsOfASampleAreItsOwn(t *testing.T) {
	samples := read(t, exposition.Parser{}, "a{x=\"1\",le=\"2\"} 1\na{x=\"1\",le=\"3\"} 2\na{x=\"1\"} 3\na{x=\"1\",y=\"2\"} 4\n")
	_ = append(samples[0].Labels, metrics.Label{Name: "z"})
	samples[0].Labels[1].Value = "changed"
	const want = ` a{le="3",x="1"} 0 2 2
 a{x="1"} 0 3 3
 a{x="1",y="2"} 0 4 4
`
	if got := show(samples[1:]); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}
