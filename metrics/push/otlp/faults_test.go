package otlp_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/otlp"
)

func TestRejectedPointsAreCountedAndNoError(t *testing.T) {
	var log strings.Builder
	f := newReceiver(t, partly(2, "too old"))
	target := newTarget(t, otlp.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, f.url)
	s := snapshot(metrics.Sample{Name: "a"}, metrics.Sample{Name: "b"}, metrics.Sample{Name: "c"})
	for range 3 {
		if r := push(t, target, s); r.Sent != 3 || r.Accepted != 1 || r.Rejected != 2 {
			t.Errorf("the receipt is %+v", r)
		}
	}
	if strings.Count(log.String(), "too old") != 1 {
		t.Errorf("the remark is not logged once:\n%s", &log)
	}
}

func TestLyingAnswersAreFailures(t *testing.T) {
	text := func(kind, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write([]byte(body))
		}
	}
	for name, answer := range map[string]http.HandlerFunc{
		"more than all": partly(2, ""), "less than none": partly(-1, ""), "a page": text("text/html", "<html>Welcome</html>"),
		"no protobuf": text("application/x-protobuf", "\xff\xff"), "much": text("application/x-protobuf", strings.Repeat("x", 1<<20)),
	} {
		r, err := newTarget(t, otlp.Config{}, newReceiver(t, answer).url).Push(t.Context(), snapshot(metrics.Sample{Name: "a"}))
		if err == nil || r.Accepted != 0 || r.Sent != 1 {
			t.Errorf("%s: the receipt is %+v, %v", name, r, err)
		}
	}
}

func TestRetryAfterIsRespectedByPushesAndHeartbeats(t *testing.T) {
	for _, status := range []int{429, 502, 503, 504} {
		now, busy := time.Now(), true
		f := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
			if busy {
				w.Header().Set("Retry-After", "30")
				w.WriteHeader(status)
			}
		})
		target := newTarget(t, otlp.Config{Now: func() time.Time { return now }}, f.url)
		s := snapshot(metrics.Sample{Name: "a"})
		for range 3 {
			if _, err := target.Push(t.Context(), s); err == nil {
				t.Errorf("%d was taken for a success", status)
			}
			if _, err := target.Beat(t.Context(), s); err == nil || !strings.Contains(err.Error(), "left alone for 30s") {
				t.Errorf("%d: the error of a heartbeat is %v", status, err)
			}
		}
		busy, now = false, now.Add(30*time.Second)
		if r := push(t, target, s); r.Accepted != 1 || len(f.heard()) != 2 {
			t.Errorf("%d: after %d requests the receipt is %+v", status, len(f.heard()), r)
		}
	}
}

func TestABusyServerWithoutATimeIsAskedInTheNextCycle(t *testing.T) {
	f := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	target := newTarget(t, otlp.Config{}, f.url)
	for range 2 {
		_, _ = target.Push(t.Context(), snapshot(metrics.Sample{Name: "a"}))
	}
	if len(f.heard()) != 2 {
		t.Errorf("it was asked %d times", len(f.heard()))
	}
}

func TestAStatusIsAFailureWithTheReasonOfTheServer(t *testing.T) {
	f := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte("\x08\x03\x12\x09too large")) // google.rpc.Status
	})
	_, err := newTarget(t, otlp.Config{}, f.url).Push(t.Context(), snapshot(metrics.Sample{Name: "a"}))
	if err == nil || !strings.Contains(err.Error(), `status 400, "too large"`) {
		t.Errorf("the error is %v", err)
	}
}

func TestAHungServerIsATimeoutAndHeartbeatsArriveMeanwhile(t *testing.T) {
	hanging, once := make(chan struct{}), sync.Once{}
	f := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Encoding") == "gzip" { // heartbeats are not compressed
			once.Do(func() { close(hanging) })
			<-r.Context().Done()
		}
	})
	target := newTarget(t, otlp.Config{Timeout: time.Second}, f.url)
	pushed := make(chan error)
	go func() { _, err := target.Push(t.Context(), snapshot(metrics.Sample{Name: "a"})); pushed <- err }()
	<-hanging
	for range 3 {
		if r, err := target.Beat(t.Context(), snapshot(metrics.Sample{Name: "container.state", Value: 1})); err != nil || r.Accepted != 1 {
			t.Errorf("the receipt is %+v, %v", r, err)
		}
	}
	if err := <-pushed; metrics.Elapsed(time.Second, err) != -1 {
		t.Errorf("the push ended with %v", err)
	}
}

func TestALimitMakesSeveralRequestsOfOneMoment(t *testing.T) {
	f := newReceiver(t, nil)
	target := newTarget(t, otlp.Config{MaxPoints: 4}, f.url)
	var samples []metrics.Sample
	for i := range 10 {
		samples = append(samples, metrics.Sample{Name: "a", Value: float64(i), Labels: []metrics.Label{{Name: "i", Value: fmt.Sprint(i)}}})
	}
	samples = append(samples, metrics.Sample{Name: "b", Kind: metrics.Counter, Value: 10})
	if r := push(t, target, snapshot(samples...)); r.Accepted != 11 || r.Sent != 11 {
		t.Errorf("the receipt is %+v", r)
	}
	all := make(map[string]float64)
	for _, q := range f.heard() {
		part := series(t, q)
		if len(part) > 4 {
			t.Errorf("a request has %d points", len(part))
		}
		for id, v := range part {
			all[id] = v
		}
	}
	if len(all) != 11 || all[`a,i="9"`] != 9 || all["b"] != 10 || len(f.heard()) != 3 {
		t.Errorf("%d requests had %v", len(f.heard()), all)
	}
}

func TestAFailureInTheMiddleTellsHowFarItGot(t *testing.T) {
	n := 0
	f := newReceiver(t, func(w http.ResponseWriter, _ *http.Request) {
		if n++; n == 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	r, err := newTarget(t, otlp.Config{MaxPoints: 1}, f.url).Push(t.Context(), snapshot(metrics.Sample{Name: "a"}, metrics.Sample{Name: "b"}, metrics.Sample{Name: "c"}))
	if err == nil || r.Sent != 2 || r.Accepted != 1 {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
}

func TestACancelledPushIsNoTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newReceiver(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
	if _, err := newTarget(t, otlp.Config{}, f.url).Push(ctx, snapshot(metrics.Sample{Name: "a"})); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
}
