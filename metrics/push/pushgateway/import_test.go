package pushgateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/delivery"
	"concierge/metrics/push/pushgateway"
)

// TestAnImportGetsEverySampleWithItsMoment is against a stand-in: it keeps what
// VictoriaMetrics would read.
func TestAnImportGetsEverySampleWithItsMoment(t *testing.T) {
	var asked, text string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		asked, text = r.Method+" "+r.URL.String(), string(body)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	target := newTarget(t, pushgateway.Config{Import: true, Job: "shop", Instance: "i"}, server.URL+"/api/v1/import/prometheus?extra_label=a%3Db")
	s := snapshot("h", metrics.Sample{Name: "a", Value: 1.5, Labels: []metrics.Label{{Name: "job", Value: "own"}}})
	if r, err := target.Push(t.Context(), s); err != nil || r.Accepted != 1 {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
	at := strconv.FormatInt(s.At.UnixMilli(), 10)
	if want := "# TYPE a gauge\na{exported_job=\"own\",instance=\"i\",job=\"shop\"} 1.5 " + at + "\n"; text != want || asked != "POST /api/v1/import/prometheus?extra_label=a%3Db" {
		t.Errorf("%s of\n%s\nwant\n%s", asked, text, want)
	}
	if _, err := target.Beat(t.Context(), s); err != nil || strings.Contains(text, "heartbeat") {
		t.Errorf("a heartbeat is %s, %v", text, err)
	}
}

func TestAHungServerIsATimeoutAndHeartbeatsArriveMeanwhile(t *testing.T) {
	hanging := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "heartbeat") {
			close(hanging)
			_, _ = io.ReadAll(r.Body)
			<-r.Context().Done()
		}
	}))
	defer server.Close()
	target := newTarget(t, pushgateway.Config{Timeout: time.Second}, server.URL)
	pushed := make(chan error)
	go func() { _, err := target.Push(t.Context(), snapshot("h", metrics.Sample{Name: "a"})); pushed <- err }()
	<-hanging
	if r, err := target.Beat(t.Context(), snapshot("h", metrics.Sample{Name: "container.state", Value: 1})); err != nil || r.Accepted != 1 {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
	if err := <-pushed; metrics.Elapsed(time.Second, err) != -1 {
		t.Errorf("the push ended with %v", err)
	}
}

func TestBadSettingsAreFound(t *testing.T) {
	good := delivery.Options{URL: "http://host:9091"}
	label := func(name string) []metrics.Label { return []metrics.Label{{Name: name, Value: "x"}} }
	for name, c := range map[string]pushgateway.Config{
		"no URL": {}, "timeout": {Server: good, Timeout: -1}, "delete": {Server: good, Import: true, Withdraw: true},
		"name": {Server: good, Labels: label("a-b")}, "job": {Server: good, Labels: label("job")}, "digit": {Server: good, Labels: label("1")},
		"twice": {Server: good, Labels: append(label("a"), label("a")...)},
	} {
		if _, err := pushgateway.New(c); err == nil {
			t.Errorf("%s: there is no error", name)
		}
	}
}
