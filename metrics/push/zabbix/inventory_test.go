package zabbix

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"concierge/metrics"
)

func TestDiscoveryIsTheUnionOfAWindow(t *testing.T) {
	v, now := inventoryOf(Discovery{Window: time.Hour, MaxRows: 10}), time.Unix(1e9, 0)
	v.see(now, gauges("a", "b"))
	v.changed = false
	now = now.Add(40 * time.Minute)
	v.see(now, gauges("b"))
	if got := v.text(); got != `[{"{#METRIC}":"a"},{"{#METRIC}":"b"}]` || v.changed {
		t.Errorf("after 40 minutes it is %s, changed %t", got, v.changed)
	}
	for range 3 { // the same metrics keep their rows however long it takes
		now = now.Add(40 * time.Minute)
		v.see(now, gauges("b"))
	}
	if got := v.text(); got != `[{"{#METRIC}":"b"}]` || !v.changed || v.rows != 1 {
		t.Errorf("after the window it is %s, changed %t, %d rows", got, v.changed, v.rows)
	}
	v.changed = false
	v.see(now.Add(2*time.Hour), nil)
	if got := v.text(); got != `[]` || !v.changed {
		t.Errorf("with nothing left it is %q, changed %t", got, v.changed)
	}
}

func TestDiscoveryIsBounded(t *testing.T) {
	v, now := inventoryOf(Discovery{Window: time.Hour, MaxRows: 3}), time.Unix(1e9, 0)
	v.see(now, gauges("a", "b", "c", "d", "e"))
	if v.rows != 3 || v.omitted != 2 {
		t.Errorf("%d rows, %d omitted", v.rows, v.omitted)
	}
	for i := range 100 { // ever new ones do not push out those that are there
		now = now.Add(time.Second)
		v.see(now, gauges("a", "b", "c", fmt.Sprint(i)))
	}
	if got := v.text(); got != `[{"{#METRIC}":"a"},{"{#METRIC}":"b"},{"{#METRIC}":"c"}]` || v.rows != 3 {
		t.Errorf("then it is %s", got)
	}
}

func TestDiscoveryOfSeriesHasLabels(t *testing.T) {
	v := inventoryOf(Discovery{Window: time.Hour, MaxRows: 10})
	v.see(time.Unix(1e9, 0), []metrics.Sample{
		{Name: "hits", Labels: []metrics.Label{{Name: "code", Value: `a"b`}, {Name: "my-label", Value: "ä"}}},
		{Name: "lost,\\", Group: "gauges"}, // has no key
		{Name: "text", Kind: metrics.Text}, // nobody asked for it
		{Name: "container.state", Group: "container"},
	})
	all := v.documents(true)
	want := `{"data":[{"{#METRIC}":"hits","{#LABELS}":"code=\"a\\\"b\",my-label=\"ä\"","{#LABEL.CODE}":"a\"b","{#LABEL.MY_LABEL}":"ä"}]}`
	if len(all) != 1 || v.kinds()[0].discovery("app") != "app.discovery[series]" || all[0] != want {
		t.Errorf("it is %+v, want %s", all, want)
	}
}

func TestOrderOfSamplesIsNoChange(t *testing.T) {
	v, now := inventoryOf(Discovery{Window: time.Hour, MaxRows: 10}), time.Unix(1e9, 0)
	v.see(now, gauges("a", "b", "c"))
	round := v.round
	v.see(now.Add(time.Second), gauges("c", "a", "b"))
	if v.round != round {
		t.Error("another order began another round")
	}
	v.see(now.Add(2*time.Second), []metrics.Sample{{Name: "a", Group: "gauges"}, {Name: "b", Group: "counters"}, {Name: "c", Group: "gauges"}})
	if v.round == round || v.rows != 4 {
		t.Errorf("another kind of metric is not seen: %d rows", v.rows)
	}
}

func (v *inventory) text() string {
	return strings.Join(v.documents(false), " ")
}

func (v *inventory) documents(old bool) []string {
	var all []string
	for _, k := range v.kinds() {
		var text strings.Builder
		for piece := range v.document(k, old) {
			text.Write(piece)
		}
		all = append(all, text.String())
	}
	return all
}

func TestRowsAreMadeOfWhatIsKept(t *testing.T) {
	series := kind{labels: true}
	for _, m := range []metrics.Sample{
		{Name: "bare"},
		{Name: "field", Field: "p99"},
		{Name: "odd", Labels: []metrics.Label{{Name: "a", Value: ""}, {Name: "", Value: "b"}, {Name: "\x00\x01", Value: "\xff"}}},
		{Name: "long", Labels: []metrics.Label{{Name: "path", Value: strings.Repeat("ä", 2000)}}},
		{Name: "many", Labels: slices.Repeat([]metrics.Label{{Name: "n", Value: "v"}}, 128)},
	} {
		name, labels := splitIdentity(string(appendIdentity(nil, series, &m)), nil)
		if name != seriesName(&m) || !slices.Equal(labels, m.Labels) {
			t.Errorf("%s with %d labels became %q with %q", m.Name, len(m.Labels), name, labels)
		}
	}
	one := appendIdentity(nil, series, &metrics.Sample{Name: "ab", Labels: []metrics.Label{{Name: "c", Value: "d"}}})
	other := appendIdentity(nil, series, &metrics.Sample{Name: "a", Labels: []metrics.Label{{Name: "bc", Value: "d"}}})
	if string(one) == string(other) {
		t.Errorf("different series are both %q", one)
	}
}

func inventoryOf(d Discovery) *inventory {
	e := newEncoder(Config{}.withDefaults())
	return newInventory(d, &e)
}

func gauges(names ...string) []metrics.Sample {
	var all []metrics.Sample
	for _, n := range names {
		all = append(all, metrics.Sample{Name: n, Group: "gauges"})
	}
	return all
}
