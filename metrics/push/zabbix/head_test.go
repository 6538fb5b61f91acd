package zabbix

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"concierge/metrics"
)

// What is kept from the sample before changes no key.
func TestKeyDoesNotDependOnTheSampleBefore(t *testing.T) {
	var all []metrics.Sample
	for _, name := range []string{"a", "a,b", `q"`, `a,\`, "", "größe,", strings.Repeat("x", longestKey-12), strings.Repeat("ü", longestKey-12)} {
		for _, group := range []string{"timers", "gauges", "counters", "container", "summary"} {
			for _, field := range []string{"p99", "value", "count", "", "a,b", `"`, `b,\`, "mean"} {
				all = append(all, metrics.Sample{Name: name, Group: group, Field: field, Value: 1})
			}
		}
		all = append(all, metrics.Sample{Name: name, Group: "summary", Labels: []metrics.Label{{Name: "l", Value: name}}})
		for _, value := range []string{"", "0.5", "+Inf", `\`, `"`, "\n", "größe,}]", "\xff", strings.Repeat("x", longestKey-100), strings.Repeat("\"", longestKey/4)} {
			for _, labels := range [][]metrics.Label{
				{{Name: "a", Value: "b"}, {Name: "le", Value: value}, {Name: "z", Value: name}},
				{{Name: "le", Value: value}, {Name: "z", Value: "y"}},
				{{Name: "le", Value: value}},
				{{Name: `q"\`, Value: value}, {Name: "z", Value: value}},
			} {
				all = append(all, metrics.Sample{Name: name, Group: "histogram", Labels: labels, Value: 1},
					metrics.Sample{Name: name, Group: "histogram", Field: value, Labels: labels, Value: 1})
			}
		}
	}
	running := newEncoder(Config{}.withDefaults())
	for i := range all {
		fresh := newEncoder(Config{}.withDefaults())
		want, got := fresh.encode(&all[i]), running.escape(&all[i])
		if got != want || want == sends && string(running.key) != string(appendJSON(nil, fresh.key)) {
			t.Errorf("%.60v after %.60v: %v %.80s, want %v %.80s", all[i].Path(), all[max(0, i-1)].Path(), got, running.key, want, fresh.key)
		}
	}
}

func TestLongTextIsTheSameInPieces(t *testing.T) {
	text := strings.Repeat("größe \"€\" \xff", 20_000)
	p := packet{compression: CompressNever}
	p.begin("h", time.Unix(5, 7))
	addText(&p, "k", text)
	want := string(appendJSON(nil, text))
	if got := string(p.plain); !strings.Contains(got, want) || !utf8.ValidString(got) {
		t.Error("a text in pieces is not the text")
	}
}
