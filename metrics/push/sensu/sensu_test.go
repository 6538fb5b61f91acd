package sensu_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/delivery"
	"concierge/metrics/push/sensu"
)

// agent is a stand-in for a Sensu Go agent, which is not to be had: it takes
// what the documentation of its events says, and nothing else.
type agent struct {
	url string

	mu       sync.Mutex
	events   []event
	times    []time.Time
	problems []string
}

type event struct {
	Timestamp int64
	Entity    *struct {
		EntityClass string `json:"entity_class"`
		Metadata    struct{ Name, Namespace string }
	}
	Check struct {
		Metadata           struct{ Name, Namespace string }
		Status             uint32
		Output             string
		Interval, Executed int64
		Handlers           []string
	}
	Metrics *struct {
		Handlers []string
		Points   []struct {
			Name      string
			Value     float64
			Timestamp int64
			Tags      []struct{ Name, Value string }
		}
	}
}

func newAgent(t testing.TB, answer http.HandlerFunc) *agent {
	t.Helper()
	a := new(agent)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e, err := read(r)
		a.mu.Lock()
		a.times = append(a.times, time.Now())
		a.events = append(a.events, e)
		if err != nil {
			a.problems = append(a.problems, err.Error())
		}
		a.mu.Unlock()
		if answer != nil {
			answer(w, r)
		} else {
			w.WriteHeader(http.StatusCreated)
		}
	}))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		for _, p := range a.problems {
			t.Error(p)
		}
	})
	a.url = s.URL + "/events"
	return a
}

func read(r *http.Request) (e event, err error) {
	if r.Method != http.MethodPost || r.URL.Path != "/events" || r.Header.Get("Content-Type") != "application/json" {
		return e, fmt.Errorf("%s %s of %q", r.Method, r.URL, r.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, err
	}
	if e.Timestamp == 0 || e.Check.Metadata.Name == "" || e.Check.Interval < 1 || e.Check.Executed == 0 {
		return e, fmt.Errorf("the event lacks something: %+v", e)
	}
	return e, nil
}

func (a *agent) heard() []event {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]event(nil), a.events...)
}

func newTarget(t testing.TB, c sensu.Config, url string) *sensu.Target {
	t.Helper()
	c.Server = delivery.Options{URL: url}
	target, err := sensu.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.Close)
	return target
}

func snapshot(samples ...metrics.Sample) *metrics.Snapshot {
	return &metrics.Snapshot{At: time.Now(), Host: "measured", Samples: samples}
}

func checked(name string, status float64, output string) []metrics.Sample {
	labels := []metrics.Label{{Name: "check", Value: name}}
	return []metrics.Sample{
		{Name: "check.status", Group: "checks", Labels: labels, Value: status},
		{Name: "check.output", Group: "checks", Labels: labels, Kind: metrics.Text, Raw: output},
	}
}

func TestOneEventHasAllPointsAndEachCheckItsOwn(t *testing.T) {
	a := newAgent(t, nil)
	target := newTarget(t, sensu.Config{Entity: "box", Namespace: "ops", Handlers: []string{"mail"}, MetricsHandlers: []string{"db"}}, a.url)
	s := snapshot(append(checked("disk space", 2, "full\n\"/\""),
		metrics.Sample{Name: "orders", Field: "p99", Value: -1.5e300, Labels: []metrics.Label{{Name: "a", Value: "\"\\\x01ö\xff"}}},
		metrics.Sample{Name: "text", Kind: metrics.Text, Raw: "x"}, metrics.Sample{Name: "nan", Value: math.NaN()}, metrics.Sample{Value: 1},
	)...)
	r, err := target.Push(t.Context(), s)
	if err != nil || r.Sent != 2 || r.Accepted != 2 || r.Filtered != 2 || r.NotNumeric != 1 {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
	events := a.heard()
	if len(events) != 2 {
		t.Fatalf("there are %d events", len(events))
	}
	check, points := events[0], events[1]
	if c := check.Check; c.Metadata.Name != "disk_space" || c.Metadata.Namespace != "ops" || c.Status != 2 || c.Output != "full\n\"/\"" ||
		fmt.Sprint(c.Handlers) != "[mail]" || check.Metrics != nil || check.Entity.Metadata.Name != "box" || check.Entity.EntityClass != "proxy" {
		t.Errorf("the event of the check is %+v", check)
	}
	p := points.Metrics.Points[1]
	if p.Name != "orders.p99" || p.Value != -1.5e300 || p.Timestamp != s.At.Unix() || fmt.Sprint(p.Tags) != "[{a \"\\\x01ö\ufffd}]" ||
		len(points.Metrics.Points) != 2 || fmt.Sprint(points.Metrics.Handlers) != "[db]" || points.Check.Status != 0 {
		t.Errorf("the event with the points is %+v", points)
	}
}

func TestNoSecondHasMoreThanTenEvents(t *testing.T) {
	a := newAgent(t, nil)
	var samples []metrics.Sample
	for i := range 14 {
		samples = append(samples, checked(fmt.Sprintf("check-%d", i), 0, "")...)
	}
	if _, err := newTarget(t, sensu.Config{}, a.url).Push(t.Context(), snapshot(samples...)); err != nil {
		t.Fatal(err)
	}
	if len(a.times) != 15 {
		t.Errorf("there are %d events", len(a.times))
	}
	if took := a.times[14].Sub(a.times[0]); took < 1500*time.Millisecond {
		t.Errorf("15 events arrived in %s", took)
	}
}

func TestTooManyChecksForTheTimeAreATimeoutAtOnce(t *testing.T) {
	a := newAgent(t, nil)
	var samples []metrics.Sample
	for i := range 100 {
		samples = append(samples, checked(fmt.Sprint(i), 0, "")...)
	}
	_, err := newTarget(t, sensu.Config{Timeout: 50 * time.Millisecond}, a.url).Push(t.Context(), snapshot(samples...))
	if metrics.Elapsed(time.Second, err) != -1 || !strings.Contains(err.Error(), "too many checks") {
		t.Errorf("the error is %v", err)
	}
}

func TestFailuresOfTheAgentAreErrors(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   int64
		says   string
	}{
		"busy": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "rate reached", http.StatusTooManyRequests)
		}, 0, `status 429, "rate reached"`},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, 0, "it redirects"},
		"hung": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, -1, "no answer in time"},
	} {
		target := newTarget(t, sensu.Config{Timeout: 300 * time.Millisecond}, newAgent(t, c.answer).url)
		r, err := target.Push(t.Context(), snapshot(metrics.Sample{Name: "a"}))
		if err == nil || metrics.Elapsed(time.Second, err) != c.want || !strings.Contains(err.Error(), c.says) || r.Accepted != 0 || r.Sent != 1 {
			t.Errorf("%s: the receipt is %+v, %v", name, r, err)
		}
	}
}

func TestBadSettingsAreFound(t *testing.T) {
	for name, c := range map[string]sensu.Config{
		"timeout": {Timeout: -1}, "entity": {Entity: "a b"}, "name": {Name: "a/b"}, "URL": {Server: delivery.Options{URL: "host"}},
	} {
		if _, err := sensu.New(c); err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
}

// FuzzPush has the standard library read the event.
func FuzzPush(f *testing.F) {
	f.Add("name", "p99", "label", "value", 1.5)
	f.Add("\"\\\n\x00", "\xff", "\u2028", "</script>\x7f", math.MaxFloat64)
	a := newAgent(f, nil)
	f.Fuzz(func(t *testing.T, name, field, label, value string, v float64) {
		s := metrics.Sample{Name: name, Field: field, Value: v, Labels: []metrics.Label{{Name: label, Value: value}}}
		r, err := newTarget(t, sensu.Config{}, a.url).Push(t.Context(), snapshot(s, s))
		if err != nil {
			t.Fatal(err)
		}
		events := a.heard()
		a.mu.Lock()
		a.events = nil
		a.mu.Unlock()
		if r.Sent == 0 {
			return
		}
		valid := func(text string) string { return strings.Join(strings.Split(string([]rune(text)), ""), "") }
		want := name
		if field != "" {
			want += "." + field
		}
		p := events[0].Metrics.Points
		if len(p) != 2 || p[1].Value != v || p[1].Tags[0].Value != valid(value) || p[1].Tags[0].Name != valid(label) || p[0].Name != valid(name)+strings.TrimPrefix(valid(want), valid(name)) {
			t.Errorf("the points are %+v", p)
		}
	})
}
