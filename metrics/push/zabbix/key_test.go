package zabbix

import (
	"math"
	"strings"
	"testing"

	"concierge/metrics"
)

// The rule is that of the server, which is asked itself where templates are
// tested; these are the values for which it differs.
func TestKeysAreQuotedAsTheServerDoes(t *testing.T) {
	for value, want := range map[string]string{
		"":           "",
		"plain.name": "plain.name",
		"a,b":        `"a,b"`,
		"a]":         `"a]"`,
		"a[0":        "a[0",
		"[0":         `"[0"`,
		" a":         `" a"`,
		"a b ":       "a b ",
		`"a`:         `"\"a"`,
		`a"b`:        `a"b`,
		`a",b`:       `"a\",b"`,
		`a\,b`:       `"a\,b"`,
		`a\`:         `a\`,
		`a,b\`:       "none",
		"ä,ö":        `"ä,ö"`,
	} {
		got, ok := appendParam(nil, value)
		if !ok {
			got = []byte("none")
		}
		if string(got) != want {
			t.Errorf("%q becomes %s, want %s", value, got, want)
		}
	}
}

func TestEveryKindHasItsShapeOfKey(t *testing.T) {
	labels := []metrics.Label{{Name: "code", Value: "200"}, {Name: "path", Value: `a"\` + "\n"}}
	for want, m := range map[string]metrics.Sample{
		"app.gauge[heap.used]":                              {Name: "heap.used", Group: "gauges"},
		"app.counter[hits]":                                 {Name: "hits", Group: "counters", Field: "count"},
		"app.histogram[size,p99]":                           {Name: "size", Group: "histograms", Field: "p99"},
		"app.meter[events,m1_rate]":                         {Name: "events", Group: "meters", Field: "m1_rate"},
		`app.timer["a,b",mean]`:                             {Name: "a,b", Group: "timers", Field: "mean"},
		"app.series[heap.used,]":                            {Name: "heap.used"},
		"app.series[size.sum,]":                             {Name: "size", Group: "summary", Field: "sum"},
		`app.series[up,code="200"]`:                         {Name: "up", Labels: labels[:1]},
		"app.text[version,]":                                {Name: "version", Group: "gauges", Kind: metrics.Text},
		"container.cpu.pressure.some":                       {Name: "container.cpu.pressure", Group: "container", Field: "some"},
		`app.series[d,"a=\"1,2\""]`:                         {Name: "d", Group: "container", Labels: []metrics.Label{{Name: "a", Value: "1,2"}}},
		`app.series[hits,"code=\"200\",path=\"a\\"\\\n\""]`: {Name: "hits", Labels: labels},
	} {
		s := shape{prefix: "app", plain: DefaultPlain()}
		if got, ok := s.appendKey(nil, &m); !ok || string(got) != want {
			t.Errorf("%+v has key %s (%t), want %s", m, got, ok, want)
		}
	}
}

func TestNamesWithoutKeyAreFiltered(t *testing.T) {
	e := newEncoder(Config{}.withDefaults())
	for _, m := range []metrics.Sample{
		{Name: `a,\`, Group: "gauges"}, {Name: strings.Repeat("x", 3000), Group: "gauges"},
		{Name: "a b", Group: "container"}, {Name: "a", Field: `b,\`, Group: "timers"},
	} {
		if got := e.encode(&m); got != filtered {
			t.Errorf("%.20q has key %.40s", m.Name, e.key)
		}
	}
	if m := (metrics.Sample{Name: strings.Repeat("ü", 2000), Group: "gauges"}); e.encode(&m) != sends {
		t.Error("the limit is in characters, not bytes")
	}
}

func TestNumbersAreWrittenAsEveryItemTakesThem(t *testing.T) {
	for want, m := range map[string]metrics.Sample{
		"12.50":            {Raw: "12.50", Value: 12.5},
		"-3":               {Raw: "-3", Value: -3},
		"1200000":          {Raw: "1.2E6", Value: 1.2e6},
		"1.5e-07":          {Raw: "1.5E-7", Value: 1.5e-7},
		"31":               {Raw: "0x1F", Value: 31},
		"5":                {Raw: "+5", Value: 5},
		"0.5":              {Raw: ".5", Value: 0.5},
		"7":                {Raw: "7.", Value: 7},
		"9007199254740991": {Value: 1<<53 - 1},
		"1e+300":           {Value: 1e300},
		"0.1":              {Raw: "0.1000000000000000000000000000000000000001", Value: 0.1},
	} {
		if got := string(appendNumber(nil, &m)); got != want {
			t.Errorf("%+v becomes %s, want %s", m, got, want)
		}
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if isFinite(v) {
			t.Errorf("%v is finite", v)
		}
	}
}
