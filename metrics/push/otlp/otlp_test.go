package otlp_test

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"concierge/metrics"
	"concierge/metrics/push/delivery"
	"concierge/metrics/push/otlp"
)

func TestCountersAreMonotonicCumulativeSumsSinceTheProcessBegan(t *testing.T) {
	f := newReceiver(t, nil)
	began := time.Now().Add(-time.Hour)
	target := newTarget(t, otlp.Config{Started: func() time.Time { return began }}, f.url)
	s := snapshot(metrics.Sample{Name: "c", Field: "count", Kind: metrics.Counter, Value: 3}, metrics.Sample{Name: "g", Value: -1})
	push(t, target, s)
	for _, m := range metricsOf(t, f.heard()[0]) {
		if sum := m.GetSum(); sum != nil {
			p := sum.DataPoints[0]
			if m.Name != "c.count" || !sum.IsMonotonic || sum.AggregationTemporality != 2 || p.GetAsDouble() != 3 ||
				p.StartTimeUnixNano != uint64(began.UnixNano()) || p.TimeUnixNano != uint64(s.At.UnixNano()) {
				t.Errorf("the counter is %v", m)
			}
			continue
		}
		p := m.GetGauge().DataPoints[0]
		if m.Name != "g" || p.GetAsDouble() != -1 || p.StartTimeUnixNano != 0 || p.TimeUnixNano != uint64(s.At.UnixNano()) {
			t.Errorf("the gauge is %v", m)
		}
	}
}

func TestASnapshotOfAnEarlierProcessHasNoStart(t *testing.T) {
	f := newReceiver(t, nil)
	target := newTarget(t, otlp.Config{Started: func() time.Time { return time.Now().Add(time.Hour) }}, f.url)
	push(t, target, snapshot(metrics.Sample{Name: "c", Kind: metrics.Counter, Value: 3}))
	if p := metricsOf(t, f.heard()[0])[0].GetSum().DataPoints[0]; p.StartTimeUnixNano != 0 {
		t.Errorf("the point is %v", p)
	}
}

func TestWhatCannotBeSentIsLeftOutAndCounted(t *testing.T) {
	f := newReceiver(t, nil)
	r := push(t, newTarget(t, otlp.Config{}, f.url), snapshot(
		metrics.Sample{Name: "text", Kind: metrics.Text, Raw: "x"}, metrics.Sample{Name: "nan", Value: math.NaN()},
		metrics.Sample{Name: "inf", Value: math.Inf(-1)}, metrics.Sample{Value: 1}, metrics.Sample{Name: "l", Labels: []metrics.Label{{}}},
		metrics.Sample{Name: "good", Value: 1},
	))
	if r.Sent != 1 || r.Accepted != 1 || r.Filtered != 4 || r.NotNumeric != 1 || len(series(t, f.heard()[0])) != 1 {
		t.Errorf("the receipt is %+v", r)
	}
}

func TestNothingToSendIsNoRequest(t *testing.T) {
	f := newReceiver(t, nil)
	if r := push(t, newTarget(t, otlp.Config{}, f.url), snapshot()); r != (metrics.Receipt{}) || len(f.heard()) != 0 {
		t.Errorf("%d requests, and the receipt is %+v", len(f.heard()), r)
	}
}

func TestTheResourceTellsServiceAndHost(t *testing.T) {
	f := newReceiver(t, nil)
	target := newTarget(t, otlp.Config{Service: "shop", Resource: map[string]string{"env": "prod", "service.instance.id": "other"}}, f.url)
	push(t, target, snapshot(metrics.Sample{Name: "a"}))
	var got []string
	for _, a := range f.heard()[0].ResourceMetrics[0].Resource.Attributes {
		got = append(got, a.Key+"="+a.Value.GetStringValue())
	}
	if want := "env=prod service.instance.id=other service.name=shop"; strings.Join(got, " ") != want {
		t.Errorf("the resource is %q, want %q", got, want)
	}
}

func TestBadSettingsAreFound(t *testing.T) {
	good := delivery.Options{URL: "http://host:4318/v1/metrics"}
	for name, c := range map[string]otlp.Config{
		"no URL": {}, "timeout": {Server: good, Timeout: -1}, "limit": {Server: good, MaxPoints: -1},
		"attribute": {Server: good, Resource: map[string]string{"": "x"}},
	} {
		if _, err := otlp.New(c); err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
}

// FuzzPush has the official types read what was written.
func FuzzPush(f *testing.F) {
	f.Add("name", "p99", "label", "value", 1.5, true)
	f.Add("größe,\xff", "", "\x00", strings.Repeat("x", 300), -1e-9, false)
	r := newReceiver(f, nil)
	target := newTarget(f, otlp.Config{}, r.url)
	f.Fuzz(func(t *testing.T, name, field, label, value string, v float64, counter bool) {
		s := metrics.Sample{Name: name, Field: field, Labels: []metrics.Label{{Name: label, Value: value}, {Name: "z", Value: "z"}}, Value: v}
		if counter {
			s.Kind = metrics.Counter
		}
		receipt := push(t, target, snapshot(s, metrics.Sample{Name: name, Field: field, Kind: s.Kind, Value: 7}))
		heard := r.heard()
		r.mu.Lock()
		r.requests = nil
		r.mu.Unlock()
		if receipt.Sent == 0 {
			return
		}
		points := 0
		for _, m := range metricsOf(t, heard[0]) {
			if !utf8.ValidString(m.Name) || m.Name == "" {
				t.Errorf("the name is %q", m.Name)
			}
			for _, p := range append(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()...) {
				points++
				if got := p.GetAsDouble(); got != 7 && (got != v || p.Attributes[0].Value.GetStringValue() != strings.ToValidUTF8(value, "\ufffd") || len(p.Attributes) != 2) {
					t.Errorf("the point is %v", p)
				}
			}
		}
		if points != receipt.Sent || len(heard) != 1 {
			t.Errorf("%d points in %d requests, and the receipt is %+v", points, len(heard), receipt)
		}
	})
}
