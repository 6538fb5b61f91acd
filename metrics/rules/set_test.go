package rules_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"concierge/metrics"
	"concierge/metrics/collect/dropwizard"
	"concierge/metrics/collect/exposition"
	"concierge/metrics/fixture"
	"concierge/metrics/rules"
)

func set(t testing.TB, list ...rules.Rule) *rules.Set {
	t.Helper()
	s, err := rules.New(list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// some is a few samples of different sorts.
func some() []metrics.Sample {
	label := func(pairs ...string) (labels []metrics.Label) {
		for i := 0; i < len(pairs); i += 2 {
			labels = append(labels, metrics.Label{Name: pairs[i], Value: pairs[i+1]})
		}
		return labels
	}
	return []metrics.Sample{
		{Name: "jvm.heap.used", Group: "gauges", Value: 2048, Raw: "2.048e3"},
		{Name: "jvm.heap.max", Group: "gauges", Value: math.NaN(), Raw: "NaN"},
		{Name: "web.get", Field: "p99", Group: "timers", Value: 0.5, Raw: "0.5"},
		{Name: "web.get", Field: "count", Group: "timers", Kind: metrics.Counter, Value: 7, Raw: "7"},
		{Name: "took_bucket", Group: "histogram", Labels: label("le", "1", "path", "/a"), Value: 1, Raw: "1"},
		{Name: "s3_bucket", Group: "gauge", Labels: label("path", "/a"), Value: 2, Raw: "2"},
		{Name: "build", Group: "gauges", Kind: metrics.Text, Raw: "1.2"},
	}
}

func show(samples []metrics.Sample) string {
	var b strings.Builder
	for _, s := range samples {
		fmt.Fprintf(&b, "%s:%s=%s ", s.Group, s.Path(), s.Written())
	}
	return strings.TrimSpace(b.String())
}

func TestRulesChooseSamples(t *testing.T) {
	everything := rules.Rule{Action: rules.Drop}
	for _, c := range []struct {
		name  string
		rules []rules.Rule
		want  string
	}{
		{"no rules keep all", nil, show(some())},
		{"a glob is for the whole name", []rules.Rule{{Name: "jvm.*", Action: rules.Keep}, everything}, "gauges:jvm.heap.used=2.048e3 gauges:jvm.heap.max=NaN"},
		{"stars are in any place", []rules.Rule{{Name: "*v*heap*ed", Action: rules.Keep}, everything}, "gauges:jvm.heap.used=2.048e3"},
		{"a plain name is itself", []rules.Rule{{Name: "web.ge", Action: rules.Keep}, {Name: "build", Action: rules.Keep}, everything}, "gauges:build=1.2"},
		{"a regular expression is for the whole name", []rules.Rule{{Name: "/b.*|heap/", Action: rules.Keep}, everything}, "gauges:build=1.2"},
		{"fields and groups", []rules.Rule{{Field: "p*", Group: "/tim.*/", Action: rules.Keep}, everything}, "timers:web.get.p99=0.5"},
		{"labels", []rules.Rule{{Labels: map[string]string{"le": "", "path": "/a"}, Action: rules.Keep}, everything}, `gauge:s3_bucket{path="/a"}=2 histogram:took_bucket{le="1",path="/a"}=1`},
		{"a label that is not there is empty", []rules.Rule{{Labels: map[string]string{"le": "//", "path": "/.+/"}, Action: rules.Keep}, everything}, `gauge:s3_bucket{path="/a"}=2`},
		{"not finite", []rules.Rule{{NonFinite: true, Action: rules.Keep}, everything}, "gauges:jvm.heap.max=NaN"},
		{"the first that decides counts", []rules.Rule{{Name: "jvm.heap.used", Action: rules.Keep}, {Name: "jvm.*", Action: rules.Drop}, {Group: "gauges", Action: rules.Keep}, everything}, "gauges:jvm.heap.used=2.048e3 gauges:build=1.2"},
	} {
		got := show(set(t, c.rules...).Apply(some()))
		if c.name == "labels" { // order is that of the samples
			c.want = `histogram:took_bucket{le="1",path="/a"}=1 gauge:s3_bucket{path="/a"}=2`
		}
		if got != c.want {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

func TestRulesChangeSamples(t *testing.T) {
	for _, c := range []struct {
		name  string
		rules []rules.Rule
		want  string // of the heap's use, or the bucket if it has labels
	}{
		{"a star is captured", []rules.Rule{{Name: "jvm.*.*", Rename: "mem_${2}_of_$1"}}, "gauges:mem_used_of_heap=2.048e3"},
		{"named groups are", []rules.Rule{{Name: `/jvm\.(?P<what>.*)/`, Rename: "${what}", SetGroup: "jvm"}}, "jvm:heap.used=2.048e3"},
		{"later rules see the new name", []rules.Rule{{Name: "jvm.*", Rename: "x.$1"}, {Name: "jvm.*", Action: rules.Drop}, {Name: "x.*", Rename: "y.$1"}}, "gauges:y.heap.used=2.048e3"},
		{"earlier ones do not", []rules.Rule{{Name: "x.*", Action: rules.Drop}, {Name: "jvm.*", Rename: "x.$1"}}, "gauges:x.heap.used=2.048e3"},
		{"a kept one is changed", []rules.Rule{{Name: "jvm.*", Rename: "x.$1", Action: rules.Keep}, {Name: "x.*", Action: rules.Drop}}, "gauges:x.heap.used=2.048e3"},
		{"factors convert", []rules.Rule{{Name: "jvm.*", Factor: 1. / 1024}}, "gauges:jvm.heap.used=2"},
		{"fields are set", []rules.Rule{{Name: "*.used", Rename: "$1", SetField: "used"}}, "gauges:jvm.heap.used=2.048e3"},
		{"labels are added in order", []rules.Rule{{Name: "jvm.*", SetLabels: map[string]string{"z": "1", "a": "$1"}}}, `gauges:jvm.heap.used{a="heap.used",z="1"}=2.048e3`},
		{"a dollar sign is two", []rules.Rule{{Name: "jvm.*", Rename: "$$$1"}}, "gauges:$heap.used=2.048e3"},
	} {
		if got := show(set(t, c.rules...).Apply(some()[:1])); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestLabelsAreReplacedAndRemovedInACopy(t *testing.T) {
	samples := some()[4:5]
	before := samples[0].Labels
	got := show(set(t, rules.Rule{SetLabels: map[string]string{"le": "", "path": "/b", "new": "x"}}).Apply(samples))
	if got != `histogram:took_bucket{new="x",path="/b"}=1` {
		t.Errorf("got %s", got)
	}
	if before[0].Value != "1" || before[1].Value != "/a" {
		t.Errorf("the labels of the sample as it was are now %v", before)
	}
}

func TestTextsHaveNoFactor(t *testing.T) {
	got := show(set(t, rules.Rule{Factor: 2}).Apply(some()[6:]))
	if got != "gauges:build=1.2" {
		t.Errorf("got %s", got)
	}
}

func TestDefaultForZabbixLeavesWhatItTakes(t *testing.T) {
	samples := append(some(), metrics.Sample{Name: "x_bucket", Labels: []metrics.Label{{Name: "le", Value: "1"}}})
	const want = `gauges:jvm.heap.used=2.048e3 timers:web.get.p99=0.5 timers:web.get.count=7 gauge:s3_bucket{path="/a"}=2 gauges:build=1.2`
	if got := show(set(t, rules.Zabbix()...).Apply(samples)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestWantsIsNeverWrong asks for each name and group before and compares with
// what is left after.
func TestWantsIsNeverWrong(t *testing.T) {
	everything := rules.Rule{Action: rules.Drop}
	for name, list := range map[string][]rules.Rule{
		"zabbix":        rules.Zabbix(),
		"none":          nil,
		"all dropped":   {everything},
		"some kept":     {{Name: "shop_o*", Action: rules.Keep}, everything},
		"by label":      {{Labels: map[string]string{"status": "200"}, Action: rules.Keep}, everything},
		"renamed":       {{Name: "*_bucket", Rename: "b"}, {Name: "*_bucket", Action: rules.Drop}},
		"regrouped":     {{Name: "*_bucket", SetGroup: "b"}, {Group: "histogram", Action: rules.Drop}},
		"changed first": {{Factor: 2}, {Group: "histogram", Action: rules.Drop}},
		"maybe dropped": {{NonFinite: true, Action: rules.Drop}, {Group: "summary", Action: rules.Drop}},
		"with field":    {{Name: "*_sum", SetField: "sum"}, {Field: "", Group: "summary", Action: rules.Drop}},
	} {
		text := fixture.Prometheus(20)
		s := set(t, list...)
		all, err := new(exposition.Parser).Append(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		some, err := (&exposition.Parser{Wants: s.Wants}).Append(nil, text)
		if err != nil {
			t.Fatal(err)
		}
		before := len(some)
		want, got := show(s.Apply(all)), show(s.Apply(some))
		if got != want {
			t.Errorf("%s: %d samples were wanted, and these are not those that are left of all", name, before)
		}
		if name == "zabbix" && before > 2*20+fixture.PrometheusOther(20) {
			t.Errorf("%d samples were wanted of which nobody wants the buckets", before)
		}
	}
}

func TestRuleThatCannotBeIsNamed(t *testing.T) {
	for want, bad := range map[string]rules.Rule{
		"rule 2: it does nothing":              {Name: "x"},
		`rule 2: action "delete" is not known`: {Action: "delete"},
		"rule 2: it changes what it drops":     {Action: rules.Drop, Rename: "x"},
		`rule 2: pattern "/(/" cannot be read`: {Name: "/(/", Action: rules.Drop},
		`rule 2: pattern "/[/" cannot be read`: {Labels: map[string]string{"a": "/[/"}, Action: rules.Drop},
		"rule 2: the factor is no number":      {Factor: math.Inf(1)},
	} {
		_, err := rules.New([]rules.Rule{{Action: rules.Drop}, bad})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", bad, err, want)
		}
	}
}

// TestNewNamesDoNotFillTheMemory gives a set names without end.
func TestNewNamesDoNotFillTheMemory(t *testing.T) {
	s := set(t, rules.Rule{Name: "/n1.*/", Field: "/f1.*/", Action: rules.Drop})
	left := 0
	for round := range 6 {
		samples := make([]metrics.Sample, 10_000)
		for i := range samples {
			samples[i].Name = fmt.Sprintf("n%d.%d", round, i)
			samples[i].Field = fmt.Sprintf("f%d.%d", round, i)
		}
		left += len(s.Apply(samples))
	}
	if left != 5*10_000 { // round 1 is dropped
		t.Errorf("%d samples are left", left)
	}
}

// BenchmarkApply puts 34,000 samples of a Dropwizard document through ten rules.
func BenchmarkApply(b *testing.B) {
	var p dropwizard.Parser
	original, err := p.Append(nil, fixture.Dropwizard(1000))
	if err != nil {
		b.Fatal(err)
	}
	s := set(b, append([]rules.Rule{
		{Name: "com.example.other.*", Action: rules.Drop},
		{Name: "com.example.shop.timer.service-07.*", Action: rules.Drop},
		{Name: `/.*\.(meter|counter)\.service-0[12]\..*/`, Action: rules.Drop},
		{Group: "histograms", Field: "p75", Action: rules.Drop},
		{Group: "timers", Field: "/p(75|95)/", Action: rules.Drop},
		{Name: "com.example.shop.gauge.service-11.*", Rename: "gauge.$1"},
		{Name: "*.service-12.*", SetLabels: map[string]string{"service": "12"}},
	}, rules.Zabbix()...)...)
	samples := make([]metrics.Sample, len(original))
	b.ReportAllocs()
	report := fixture.CPU(b)
	for b.Loop() {
		copy(samples, original)
		if left := s.Apply(samples); len(left) < 20_000 || len(left) > 33_000 {
			b.Fatalf("%d samples are left", len(left))
		}
	}
	report()
}
