package dropwizard_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"concierge/metrics"
	"concierge/metrics/collect/dropwizard"
	"concierge/metrics/fixture"
)

func read(t *testing.T, text string) []metrics.Sample {
	t.Helper()
	samples, err := new(dropwizard.Parser).Append(nil, text)
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

func TestEveryNumberOfADocumentIsRead(t *testing.T) {
	texts, others, counters := 0, 0, 0
	for _, s := range read(t, fixture.Dropwizard(100)) {
		switch s.Kind {
		case metrics.Text:
			texts++
		case metrics.Counter:
			counters++
			fallthrough
		default:
			others++
		}
	}
	want := 100*fixture.DropwizardNumbers + fixture.DropwizardOddNumbers
	if texts != fixture.DropwizardTexts || others != want || counters != 300 {
		t.Errorf("%d texts, %d numbers, %d of them counters; want %d, %d, 300", texts, others, counters, fixture.DropwizardTexts, want)
	}
}

func TestMembersBecomeFields(t *testing.T) {
	const document = `{
		"version": "4.0.0",
		"gauges": {"g": {"value": 1.50}, "unit": {"value": 1, "scale": 10}},
		"counters": {"c": {"count": -3}},
		"histograms": {"h": {"count": 2, "p999": 1E-3, "values": [1, 2]}},
		"meters": {"m": {"count": 4, "m1_rate": 0.5, "units": "events/second"}},
		"timers": {"t": {"count": 5, "total": 9, "p50": "NaN", "duration_units": "seconds"}},
		"pools": {"p": {"size": 7, "open": false, "last": null, "of": {"no": 1}}, "plain": 8}
	}`
	const want = `gauges g 0 1.50 1.5
gauges unit 0 1 1
gauges unit.scale 0 10 10
counters c 0 -3 -3
histograms h.count 1 2 2
histograms h.p999 0 1E-3 0.001
meters m.count 1 4 4
meters m.m1_rate 0 0.5 0.5
timers t.count 1 5 5
timers t.total 1 9 9
timers t.p50 0 NaN NaN
pools p.size 0 7 7
pools p.open 0 0 0
pools plain 0 8 8
`
	if got := show(read(t, document)); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}

func TestGaugeCanBeAnything(t *testing.T) {
	const document = `{"gauges":{"text":{"value":"a \"b\"\u00e9"},"list":{"value":["x", 1]},"none":{"value":null},
		"yes":{"value":true},"nan":{"value":NaN},"low":{"value":-Infinity},"quoted":{"value":"Infinity"},
		"huge":{"value":1e400},"failed":{"error":"java.lang.RuntimeException: no"}}}`
	const want = `gauges text 2 a "b"é 0
gauges list 2 ["x", 1] 0
gauges yes 0 1 1
gauges nan 0 NaN NaN
gauges low 0 -Infinity -Inf
gauges quoted 0 Infinity +Inf
gauges huge 0 1e400 +Inf
gauges failed.error 2 java.lang.RuntimeException: no 0
`
	if got := show(read(t, document)); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
}

func TestFlatObjectOfSpringBootIsRead(t *testing.T) {
	const want = ` counter.status.200.root 1 20 20
 gauge.response.root 0 3.0 3
 systemload.average 0 -1.0 -1
`
	const document = `{"counter.status.200.root":20,"gauge.response.root":3.0,"name":"shop","systemload.average":-1.0}`
	if got := show(read(t, document)); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
	if n := len(read(t, fixture.Flat(17))); n != 17 {
		t.Errorf("%d samples, want 17", n)
	}
}

func TestNamesKeepTheirCharacters(t *testing.T) {
	names := map[string]bool{}
	for _, s := range read(t, fixture.Dropwizard(10)) {
		if s.Group == "meters" && s.Field == "count" {
			names[s.Name[strings.LastIndex(s.Name, ".r")+len(".r00000"):]] = true
		}
	}
	for _, want := range []string{",comma", `"quote"`, "[brackets]", `backslash\`, "Größe", "tab\tand A", " space", ""} {
		if !names[want] {
			t.Errorf("no name ends with %q: %v", want, names)
		}
	}
}

func TestNameThatIsNoTextBecomesOne(t *testing.T) {
	if got := read(t, "{\"meters\":{\"a\xff\":{\"m\":1}}}")[0].Name; got != "a\uFFFD" {
		t.Errorf("name is %q", got)
	}
}

func TestBadDocumentLeavesSamplesAsTheyWere(t *testing.T) {
	before := []metrics.Sample{{Name: "before", Value: math.Pi}}
	for document, want := range map[string]string{
		``:                           "cut off",
		`[1]`:                        `byte 0: want '{'`,
		`{"a":1} x`:                  "something follows",
		`{"a":1`:                     "cut off",
		`{"a":"x`:                    "a string does not end",
		`{"a":"x\`:                   "a string does not end",
		`{"a":"\q"}`:                 "a string cannot be read",
		`{"a" 1}`:                    `want ':'`,
		"{\"a\":\n nope}":            `line 2, byte 11: "nope" is no value`,
		`{"a":1-2}`:                  `"1-2" is no value`,
		`{"a":1,}`:                   `want '"'`,
		`{"a":0x10}`:                 `"0x10" is no value`,
		`{"a":[1 2]}`:                `want ']'`,
		`{"a":[}`:                    "is no value",
		`{"gauges":{"a":{"value":1}`: "cut off",
		`<html>`:                     `want '{'`,
	} {
		samples, err := new(dropwizard.Parser).Append(before, document)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", document, err, want)
		}
		if len(samples) != 1 || samples[0].Name != "before" {
			t.Errorf("%s: samples are %v", document, samples)
		}
	}
}

func TestDeepNestingIsRefused(t *testing.T) {
	for _, opening := range []string{"[", `{"a":`} {
		document := `{"gauges":{"a":{"value":` + strings.Repeat(opening, 100_000)
		if _, err := new(dropwizard.Parser).Append(nil, document); err == nil || !strings.Contains(err.Error(), "levels deep") {
			t.Errorf("%s: error %v, want one of depth", opening, err)
		}
	}
}

func TestTooManyValuesAreRefused(t *testing.T) {
	p := dropwizard.Parser{Most: 34}
	for document, fits := range map[string]bool{
		fixture.Flat(34): true, fixture.Flat(35): false, fixture.Dropwizard(1): false,
		`{"a":{` + strings.Repeat(`"x":1,`, 40) + `"y":1}}`:       false,
		`{"a":{"b":{` + strings.Repeat(`"x":1,`, 40) + `"y":1}}}`: false,
	} {
		if _, err := p.Append(make([]metrics.Sample, 5), document); errors.Is(err, metrics.ErrTooBig) == fits {
			t.Errorf("%.60s: error %v, want too big: %v", document, err, !fits)
		}
	}
}
