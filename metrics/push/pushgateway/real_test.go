package pushgateway_test

import (
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/metrics"
	"concierge/metrics/collect/exposition"
	"concierge/metrics/fixture"
	"concierge/metrics/push/delivery"
	"concierge/metrics/push/pushgateway"
)

func newTarget(t testing.TB, c pushgateway.Config, url string) *pushgateway.Target {
	t.Helper()
	c.Server = delivery.Options{URL: url}
	target, err := pushgateway.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func push(t testing.TB, target metrics.Target, host string, samples ...metrics.Sample) metrics.Receipt {
	t.Helper()
	r, err := target.Push(t.Context(), snapshot(host, samples...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func snapshot(host string, samples ...metrics.Sample) *metrics.Snapshot {
	return &metrics.Snapshot{At: time.Now(), Host: host, Samples: samples}
}

// held are the samples that the gateway shows, without its own.
func held(t *testing.T, url string) map[string]metrics.Sample {
	t.Helper()
	answer, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	samples, err := new(exposition.Parser).Append(nil, string(text))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]metrics.Sample)
	for _, s := range samples {
		own := strings.HasPrefix(s.Name, "go_") || strings.HasPrefix(s.Name, "process_") || strings.HasPrefix(s.Name, "pushgateway_") || strings.HasPrefix(s.Name, "push_")
		if !own {
			all[s.Path()] = s
		}
	}
	return all
}

func TestAPushReplacesTheGroupAndNothingElse(t *testing.T) {
	url := testserver.NewPushgateway(t).URL()
	target := newTarget(t, pushgateway.Config{Job: "shop"}, url)
	push(t, target, "other", metrics.Sample{Name: "a", Value: 1})
	push(t, target, "host-1", metrics.Sample{Name: "a", Value: 1}, metrics.Sample{Name: "b", Value: math.NaN()})
	r := push(t, target, "host-1",
		metrics.Sample{Name: "a", Value: 2, Labels: []metrics.Label{{Name: "instance", Value: "own"}}},
		metrics.Sample{Name: "com.example.Orders", Field: "count", Kind: metrics.Counter, Value: math.Inf(1)},
		metrics.Sample{Name: "text", Kind: metrics.Text, Raw: "x"})
	if r.Sent != 2 || r.Accepted != 2 || r.NotNumeric != 1 || r.WireBytes != r.PlainBytes || r.WireBytes == 0 {
		t.Errorf("the receipt is %+v", r)
	}
	got := held(t, url)
	for path, want := range map[string]float64{
		`a{instance="other",job="shop"}`: 1, `a{exported_instance="own",instance="host-1",job="shop"}`: 2,
		`com_example_Orders_count{instance="host-1",job="shop"}`: math.Inf(1),
	} {
		if s, ok := got[path]; !ok || s.Value != want {
			t.Errorf("%s is %v, want %v", path, s.Value, want)
		}
	}
	if len(got) != 3 || got[`com_example_Orders_count{instance="host-1",job="shop"}`].Kind != metrics.Counter {
		t.Errorf("the gateway has %v", got)
	}
}

func TestEveryHostCanBeAGroup(t *testing.T) {
	url := testserver.NewPushgateway(t).URL()
	hosts := []string{"a b", "a/b", "größe", "..", "%2F", "a?b#c", "a+b;c", "x@base64"}
	for _, host := range hosts {
		push(t, newTarget(t, pushgateway.Config{Job: "j/" + host}, url), host, metrics.Sample{Name: "a", Value: 1})
	}
	got := held(t, url)
	for _, host := range hosts {
		want := metrics.Sample{Name: "a", Labels: []metrics.Label{{Name: "instance", Value: host}, {Name: "job", Value: "j/" + host}}}
		if _, ok := got[want.Path()]; !ok {
			t.Errorf("%s is missing in %v", want.Path(), got)
		}
	}
	push(t, newTarget(t, pushgateway.Config{}, url), "", metrics.Sample{Name: "b", Value: 1})
	if _, ok := held(t, url)[`b{instance="",job="concierge"}`]; !ok {
		t.Errorf("an empty host is missing in %v", held(t, url))
	}
}

func TestHeartbeatsStayWhenAPushReplacesAndAllIsDeletedAtTheEnd(t *testing.T) {
	url := testserver.NewPushgateway(t).URL()
	target := newTarget(t, pushgateway.Config{Labels: []metrics.Label{{Name: "env", Value: "prod"}}, Withdraw: true}, url)
	if r, err := target.Beat(t.Context(), snapshot("h", metrics.Sample{Name: "container.state", Value: 1})); err != nil || r.Accepted != 1 {
		t.Fatalf("the receipt is %+v, %v", r, err)
	}
	push(t, target, "h", metrics.Sample{Name: "a", Value: 1})
	push(t, newTarget(t, pushgateway.Config{}, url), "other", metrics.Sample{Name: "a", Value: 1})
	got := held(t, url)
	if len(got) != 3 || got[`container_state{env="prod",instance="h",job="concierge",part="heartbeat"}`].Value != 1 {
		t.Errorf("the gateway has %v", got)
	}
	if err := target.Withdraw(t.Context()); err != nil {
		t.Error(err)
	}
	// The gateway answers 202 to a deletion: it is queued, and done a little later.
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		got := held(t, url)
		if len(got) == 1 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the end the gateway has %v", got)
		}
	}
}

func TestA34000SampleTextIsTaken(t *testing.T) {
	url := testserver.NewPushgateway(t).URL()
	samples, err := new(exposition.Parser).Append(nil, fixture.Prometheus(2400))
	if err != nil {
		t.Fatal(err)
	}
	r := push(t, newTarget(t, pushgateway.Config{}, url), "h", samples...)
	if r.Accepted != len(samples) || r.Filtered != 0 {
		t.Errorf("the receipt is %+v for %d samples", r, len(samples))
	}
	if got := held(t, url); len(got) != len(samples) {
		t.Errorf("the gateway has %d samples", len(got))
	}
}

func TestARefusalIsAFailureWithTheReasonOfTheServer(t *testing.T) {
	url := testserver.NewPushgateway(t).URL()
	target := newTarget(t, pushgateway.Config{}, url+"/elsewhere")
	r, err := target.Push(t.Context(), snapshot("h", metrics.Sample{Name: "a", Value: 1}))
	if err == nil || !strings.Contains(err.Error(), "status 404") || r.Accepted != 0 || r.Sent != 1 {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
}
