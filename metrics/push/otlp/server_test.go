package otlp_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	wire "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/proto"

	"concierge/metrics"
	"concierge/metrics/push/otlp"
)

// receiver is a server for what a real one does not do: answers of all sorts,
// and faults. It reads requests with the official types and refuses what those
// do not know.
type receiver struct {
	url string

	mu       sync.Mutex
	requests []*collector.ExportMetricsServiceRequest
	headers  []http.Header
	problems []string
}

func newReceiver(t testing.TB, answer http.HandlerFunc) *receiver {
	t.Helper()
	r := new(receiver)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		request, err := read(q)
		r.mu.Lock()
		if err != nil {
			r.problems = append(r.problems, err.Error())
		}
		r.requests, r.headers = append(r.requests, request), append(r.headers, q.Header)
		r.mu.Unlock()
		if answer != nil {
			answer(w, q)
		}
	}))
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
		for _, p := range r.problems {
			t.Error(p)
		}
	})
	r.url = server.URL + "/v1/metrics"
	return r
}

func read(q *http.Request) (*collector.ExportMetricsServiceRequest, error) {
	if q.Method != http.MethodPost || q.URL.Path != "/v1/metrics" || q.Header.Get("Content-Type") != "application/x-protobuf" {
		return nil, fmt.Errorf("%s %s of %q", q.Method, q.URL.Path, q.Header.Get("Content-Type"))
	}
	var body io.Reader = q.Body
	if q.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(q.Body); err != nil {
			return nil, err
		}
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, err
	}
	request := new(collector.ExportMetricsServiceRequest)
	if err := proto.Unmarshal(text, request); err != nil {
		return nil, err
	}
	if unknown := request.ProtoReflect().GetUnknown(); len(unknown) > 0 {
		return nil, fmt.Errorf("unknown fields: %x", unknown)
	}
	return request, nil
}

func (r *receiver) heard() []*collector.ExportMetricsServiceRequest {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*collector.ExportMetricsServiceRequest(nil), r.requests...)
}

// metricsOf are the metrics of a request, which has one resource and one scope.
func metricsOf(t testing.TB, q *collector.ExportMetricsServiceRequest) []*wire.Metric {
	t.Helper()
	if len(q.ResourceMetrics) != 1 || len(q.ResourceMetrics[0].ScopeMetrics) != 1 {
		t.Fatalf("there are %d resources, not one with one scope", len(q.ResourceMetrics))
	}
	return q.ResourceMetrics[0].ScopeMetrics[0].Metrics
}

// series are the values of a request by metric and attributes.
func series(t testing.TB, q *collector.ExportMetricsServiceRequest) map[string]float64 {
	t.Helper()
	all := make(map[string]float64)
	for _, m := range metricsOf(t, q) {
		for _, p := range append(m.GetGauge().GetDataPoints(), m.GetSum().GetDataPoints()...) {
			id := m.Name
			for _, a := range p.Attributes {
				id += fmt.Sprintf(",%s=%q", a.Key, a.Value.GetStringValue())
			}
			if _, ok := all[id]; ok {
				t.Errorf("%s is there twice", id)
			}
			all[id] = p.GetAsDouble()
		}
	}
	return all
}

// partly answers that some points were rejected.
func partly(rejected int64, remark string) http.HandlerFunc {
	body, err := proto.Marshal(&collector.ExportMetricsServiceResponse{PartialSuccess: &collector.ExportMetricsPartialSuccess{
		RejectedDataPoints: rejected, ErrorMessage: remark,
	}})
	if err != nil {
		panic(err) // it is a literal
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		_, _ = w.Write(body)
	}
}

func newTarget(t testing.TB, c otlp.Config, url string) *otlp.Target {
	t.Helper()
	c.Server.URL = url
	target, err := otlp.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.Close)
	return target
}

func push(t testing.TB, target metrics.Target, s *metrics.Snapshot) metrics.Receipt {
	t.Helper()
	r, err := target.Push(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func snapshot(samples ...metrics.Sample) *metrics.Snapshot {
	return &metrics.Snapshot{At: time.Now(), Host: "measured", Samples: samples}
}
