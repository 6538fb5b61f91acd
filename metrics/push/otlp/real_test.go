package otlp_test

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/metrics"
	"concierge/metrics/push/otlp"
)

func receiverOf(s *testserver.Server) string { return s.URL() + "/api/v1/otlp/v1/metrics" }

func TestPrometheusTakes34000SamplesWithOneMoment(t *testing.T) {
	s := testserver.Prometheus(t)
	instance := strings.TrimSuffix(testserver.Prefix(t), "/")
	target := newTarget(t, otlp.Config{Service: "shop", Host: instance}, receiverOf(s))
	snapshot := snapshot(prometheus(t)...)
	r := push(t, target, snapshot)
	finite := 0
	for _, m := range snapshot.Samples {
		if !math.IsNaN(m.Value) && !math.IsInf(m.Value, 0) {
			finite++
		}
	}
	if r.Sent != finite || r.Accepted != finite || r.Rejected != 0 || r.Filtered != len(snapshot.Samples)-finite || r.WireBytes*5 > r.PlainBytes {
		t.Errorf("the receipt is %+v for %d finite samples", r, finite)
	}
	selector := fmt.Sprintf(`{instance=%q,job="shop",__name__!="target_info"}`, instance)
	if n := query(t, s, "count("+selector+")", snapshot.At)[""]; n != float64(finite) {
		t.Errorf("Prometheus has %v of %d samples", n, finite)
	}
	for _, name := range []string{"shop_orders_total", "shop_queue_length", "shop_request_duration_seconds_bucket"} {
		for _, edge := range []string{"min", "max"} {
			at := query(t, s, fmt.Sprintf("%s(timestamp(%s{instance=%q}))", edge, name, instance), snapshot.At)[""]
			if int64(math.Round(at*1000)) != snapshot.At.UnixMilli() {
				t.Errorf("the %s moment of %s is %v, want that of %v", edge, name, at, snapshot.At)
			}
		}
	}
}

func TestPrometheusHasTheValuesThatWereSent(t *testing.T) {
	s := testserver.Prometheus(t)
	instance := strings.TrimSuffix(testserver.Prefix(t), "/")
	target := newTarget(t, otlp.Config{Service: "shop", Host: instance}, receiverOf(s))
	snapshot := snapshot(
		metrics.Sample{Name: "orders_total", Kind: metrics.Counter, Value: 17},
		metrics.Sample{Name: "com.example.Orders", Field: "p99", Value: -1.5},
		metrics.Sample{Name: "odd", Labels: []metrics.Label{{Name: "path", Value: "/größe,}\"\\\n"}}, Value: 1e300},
	)
	r := push(t, target, snapshot)
	if r.Accepted != 3 {
		t.Errorf("the receipt is %+v", r)
	}
	for name, want := range map[string]float64{"orders_total": 17, "com.example.Orders.p99": -1.5, "odd": 1e300} {
		got := query(t, s, fmt.Sprintf(`{__name__=%q,instance=%q}`, name, instance), snapshot.At)
		if len(got) != 1 || got[pathOf(name)] != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

func pathOf(name string) string {
	if name == "odd" {
		return "/größe,}\"\\\n"
	}
	return ""
}

func TestPrometheusTakesAHeartbeat(t *testing.T) {
	s := testserver.Prometheus(t)
	instance := strings.TrimSuffix(testserver.Prefix(t), "/")
	target := newTarget(t, otlp.Config{Host: instance}, receiverOf(s))
	beat := snapshot(metrics.Sample{Name: "container.state", Value: 1})
	if r, err := target.Beat(t.Context(), beat); err != nil || r.Accepted != 1 {
		t.Fatalf("the receipt is %+v, %v", r, err)
	}
	if got := query(t, s, fmt.Sprintf(`{__name__="container.state",instance=%q}`, instance), beat.At); got[""] != 1 {
		t.Errorf("Prometheus has %v", got)
	}
}

func TestPrometheusWithoutReceiverIsAFailureWithItsReason(t *testing.T) {
	s := testserver.Prometheus(t)
	_, err := newTarget(t, otlp.Config{}, s.URL()+"/v1/metrics").Push(t.Context(), snapshot(metrics.Sample{Name: "a"}))
	if err == nil || !strings.Contains(err.Error(), "status 404") || !strings.Contains(err.Error(), "path of the target's URL") {
		t.Errorf("the error is %v", err)
	}
}

// query asks for an instant vector and returns its values by the label path.
func query(t *testing.T, s *testserver.Server, text string, at time.Time) map[string]float64 {
	t.Helper()
	at = at.Add(time.Second) // so that rounding to milliseconds leaves nothing out
	answer, err := http.Get(s.URL() + "/api/v1/query?" + url.Values{"query": {text}, "time": {fmt.Sprint(at.Unix())}}.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	var reply struct {
		Error string
		Data  struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&reply); err != nil || reply.Error != "" {
		t.Fatalf("asking for %s: %v %s", text, err, reply.Error)
	}
	values := make(map[string]float64)
	for _, r := range reply.Data.Result {
		var v float64
		if _, err := fmt.Sscan(r.Value[1].(string), &v); err != nil {
			t.Fatal(err)
		}
		values[r.Metric["path"]] = v
	}
	return values
}
