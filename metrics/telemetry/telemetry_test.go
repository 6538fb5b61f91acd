package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/exposition"
	"concierge/metrics/cycle"
	"concierge/metrics/telemetry"
)

var _ cycle.Observer = (*telemetry.Telemetry)(nil)

// typical is a configuration with ten templates, three sources and two targets.
func typical() telemetry.Inventory {
	inv := telemetry.Inventory{
		Sources:   []telemetry.Source{{Name: "etcd", Kind: "etcd"}, {Name: "vault", Kind: "vault"}, {Name: "file", Kind: "file"}},
		Endpoints: []string{"app"}, Targets: []string{"zabbix", "statsd"}, Process: true,
	}
	for n := range 10 {
		inv.Templates = append(inv.Templates, fmt.Sprintf("/etc/app/%d.conf", n))
	}
	return inv
}

func configured(inv telemetry.Inventory) *telemetry.Telemetry {
	t := telemetry.New(telemetry.Build{Version: "1.2.3", Revision: "abc", GoVersion: "go1.26"})
	t.Configure(inv)
	return t
}

// expose returns what is scraped.
func expose(t *testing.T, own *telemetry.Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	own.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
	if w.Code != 200 {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// value returns the value of a series; NaN if there is none.
func value(t *testing.T, own *telemetry.Telemetry, series string) float64 {
	t.Helper()
	for line := range strings.Lines(expose(t, own)) {
		if name, text, ok := strings.Cut(strings.TrimSpace(line), "} "); ok && name+"}" == series || !strings.Contains(series, "{") && strings.HasPrefix(line, series+" ") {
			if !strings.Contains(series, "{") {
				_, text, _ = strings.Cut(strings.TrimSpace(line), " ")
			}
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
	return math.NaN()
}

func want(t *testing.T, own *telemetry.Telemetry, series string, v float64) {
	t.Helper()
	if got := value(t, own, series); got != v {
		t.Errorf("%s is %v, want %v", series, got, v)
	}
}

func TestPrometheusFindsNothingToCriticize(t *testing.T) {
	own := configured(typical())
	record(own)
	cmd := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	cmd.Stdin = strings.NewReader(expose(t, own))
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// record makes every method be called with something that is known.
func record(own *telemetry.Telemetry) {
	own.Loaded(time.Unix(1000, 0), nil)
	own.Requested("vault", "renew", "ok", time.Second)
	own.Changed("etcd", 3)
	own.Reconnected("etcd", "compacted")
	own.Retries("etcd", 2*time.Second)
	own.Sources([]telemetry.SourceState{{Source: telemetry.Source{Name: "etcd", Kind: "etcd"}, Up: true, Watched: 7, Missing: 2}})
	own.TokenEnds("vault", time.Unix(2000, 0))
	own.Leases("vault", 2, time.Unix(1500, 0))
	own.Executed("/etc/app/1.conf", time.Millisecond)
	own.Rendered("/etc/app/1.conf", telemetry.RenderChanged)
	own.Placed("/etc/app/1.conf", time.Unix(1001, 0))
	own.Templates([]telemetry.TemplateState{{Name: "/etc/app/1.conf", Stage: telemetry.TemplateRendered, Bytes: 100, NotAfter: time.Unix(5000, 0)}})
	own.Applied(telemetry.StageWrite, 5*time.Millisecond)
	own.Commanded(telemetry.CommandCheck, telemetry.CommandNonzero, time.Second)
	own.ChildStarted(telemetry.StartFirst, time.Unix(1002, 0))
	own.ChildSignalled("HUP")
	own.ChildSignalled("WINCH")
	own.ChildExited(telemetry.ExitSignal, 143)
	own.Checks(func() []telemetry.CheckState { return []telemetry.CheckState{{Name: "process.health", Failures: 4}} })
	own.Scraped("app", metrics.Reading{Samples: 12, Bytes: 345, Took: time.Millisecond})
	own.Pushed("zabbix", metrics.Receipt{Accepted: 5, Rejected: 1, WireBytes: 9, Server: time.Second, Failovers: metrics.Failovers{TimedOut: 2},
		Stages: metrics.Stages{Connect: 3 * time.Second}, Announced: metrics.Announcement{Entities: 3, Sent: true, Taken: true}}, time.Second, nil)
	own.Dropped("zabbix", 8)
	own.Beat("zabbix", metrics.ErrTimeout)
}

func TestWhatIsRecordedIsExposed(t *testing.T) {
	own := configured(typical())
	record(own)
	for series, v := range map[string]float64{
		`concierge_build_info{go_version="go1.26",revision="abc",version="1.2.3"}`: 1,
		`concierge_config_loads_total{result="ok"}`:                                1,
		`concierge_config_last_load_success`:                                       1,
		`concierge_config_last_load_timestamp_seconds`:                             1000,
		`concierge_source_requests_total{op="renew",result="ok",source="vault"}`:   1,
		`concierge_lease_renewals_total{result="ok",source="vault"}`:               1,
		`concierge_auth_logins_total{result="ok",source="vault"}`:                  0,
		`concierge_source_changes_total{source="etcd"}`:                            3,
		`concierge_source_reconnects_total{reason="compacted",source="etcd"}`:      1,
		`concierge_source_up{kind="etcd",source="etcd"}`:                           1,
		`concierge_source_up{kind="vault",source="vault"}`:                         0,
		`concierge_source_retry_delay_seconds{source="etcd"}`:                      0, // it answers
		`concierge_source_watched_keys{source="etcd"}`:                             7,
		`concierge_source_missing_keys{source="etcd"}`:                             2,
		`concierge_auth_expiry_timestamp_seconds{source="vault"}`:                  2000,
		`concierge_leases{source="vault"}`:                                         2,
		`concierge_lease_next_expiry_timestamp_seconds{source="vault"}`:            1500,
		`concierge_cert_not_after_timestamp_seconds{template="/etc/app/1.conf"}`:   5000,
		`concierge_templates{state="rendered"}`:                                    1,
		`concierge_template_output_bytes{template="/etc/app/1.conf"}`:              100,
		`concierge_change_applied_seconds_bucket{stage="write",le="0.01"}`:         1,
		`concierge_commands_total{kind="check",result="nonzero"}`:                  1,
		`concierge_commands_total{kind="hook",result="timeout"}`:                   0,
		`concierge_child_up`:                                                   0,
		`concierge_child_last_exit_code`:                                       143,
		`concierge_child_exits_total{class="signal"}`:                          1,
		`concierge_child_signals_total{signal="other"}`:                        1,
		`concierge_check_consecutive_failures{check="process.health"}`:         4,
		`concierge_check_healthy{check="process.health"}`:                      0,
		`concierge_scrape_samples{endpoint="app"}`:                             12,
		`concierge_scrape_body_bytes{endpoint="app"}`:                          345,
		`concierge_push_failovers_total{reason="timeout",target="zabbix"}`:     2,
		`concierge_push_failovers_total{reason="refused",target="zabbix"}`:     0,
		`concierge_push_duration_seconds_sum{stage="connect",target="zabbix"}`: 3,
		`concierge_push_duration_seconds_count{stage="wait",target="zabbix"}`:  0,
		`concierge_push_duration_seconds_count{stage="total",target="zabbix"}`: 1,
		`concierge_push_cycles_total{result="partial",target="zabbix"}`:        1,
		`concierge_push_cycles_total{result="skipped",target="zabbix"}`:        1,
		`concierge_push_values_total{outcome="dropped",target="zabbix"}`:       8,
		`concierge_push_last_status{target="zabbix"}`:                          1,
		`concierge_heartbeats_total{result="timeout",target="zabbix"}`:         1,
		`concierge_discovery_sends_total{result="ok",target="zabbix"}`:         1,
	} {
		want(t, own, series, v)
	}
}

func TestFailuresAreToldApart(t *testing.T) {
	own := configured(typical())
	for err, result := range map[error]string{
		errors.New("refused"): "failed", metrics.ErrTimeout: "timeout", fmt.Errorf("x: %w", context.DeadlineExceeded): "timeout",
	} {
		before := value(t, own, `concierge_push_cycles_total{result="`+result+`",target="statsd"}`)
		own.Pushed("statsd", metrics.Receipt{}, time.Second, err)
		want(t, own, `concierge_push_cycles_total{result="`+result+`",target="statsd"}`, before+1)
	}
	own.Scraped("app", metrics.Reading{Took: time.Second, Err: fmt.Errorf("x: %w", metrics.ErrTooBig)})
	want(t, own, `concierge_scrape_errors_total{endpoint="app",reason="too_big"}`, 1)
	want(t, own, `concierge_scrape_samples{endpoint="app"}`, 0)
	own.Loaded(time.Now(), nil)
	own.Loaded(time.Now(), errors.New("no"))
	want(t, own, `concierge_config_last_load_success`, 0)
}

func TestEveryKnownSeriesIsThereFromTheStart(t *testing.T) {
	own := configured(typical())
	before := series(expose(t, own))
	record(own)
	own.Checks(func() []telemetry.CheckState { return nil })
	for _, s := range series(expose(t, own)) {
		if !slices.Contains(before, s) && !strings.HasPrefix(s, "concierge_cert_") {
			t.Errorf("%s was not there from the start", s)
		}
	}
	t.Logf("%d series with 10 templates, 3 sources and 2 targets", len(before))
	if len(before) > 370 {
		t.Errorf("%d series are too many", len(before))
	}
}

func series(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") {
			all = append(all, line[:strings.LastIndexByte(strings.TrimSpace(line), ' ')])
		}
	}
	return all
}

func TestNothingThatTheConfigurationDoesNotNameBecomesALabel(t *testing.T) {
	own := configured(typical())
	before := series(expose(t, own))
	own.Requested("secret/data/db", "get", "ok", time.Second)
	own.Requested("vault", "get", "permission denied: secret/data/db", time.Second)
	own.Changed("nobody", 1)
	own.Reconnected("etcd", "because")
	own.Sources([]telemetry.SourceState{{Source: telemetry.Source{Name: "nobody", Kind: "etcd"}}})
	own.Rendered("secret/data/db", telemetry.RenderFailed)
	own.Templates([]telemetry.TemplateState{{Name: "secret/data/db", Missing: 1}})
	own.Pushed("nobody", metrics.Receipt{}, 0, nil)
	own.Scraped("nobody", metrics.Reading{Samples: 1})
	for _, s := range series(expose(t, own)) {
		if !slices.Contains(before, s) {
			t.Errorf("there is %s", s)
		}
	}
}

func TestAtMostAHundredTemplatesHaveSeriesOfTheirOwn(t *testing.T) {
	var inv telemetry.Inventory
	var states []telemetry.TemplateState
	for n := range 500 {
		inv.Templates = append(inv.Templates, fmt.Sprint(n))
		states = append(states, telemetry.TemplateState{Name: fmt.Sprint(n), Stage: telemetry.TemplateWaiting, Missing: 2})
	}
	own := configured(inv)
	own.Templates(states)
	want(t, own, `concierge_template_missing_dependencies{template="99"}`, 2)
	want(t, own, `concierge_template_missing_dependencies{template="other"}`, 800)
	want(t, own, `concierge_templates{state="waiting"}`, 500)
	if n := strings.Count(expose(t, own), "\nconcierge_template_output_bytes{"); n != 101 {
		t.Errorf("%d series", n)
	}
	slices.Reverse(inv.Templates)
	own.Rendered("7", telemetry.RenderChanged)
	own.Configure(inv)
	want(t, own, `concierge_template_renders_total{result="changed",template="7"}`, 1)
}

func TestReloadKeepsWhatStaysAndForgetsWhatIsGone(t *testing.T) {
	inv := typical()
	own := configured(inv)
	record(own)
	inv.Sources, inv.Templates, inv.Targets = inv.Sources[:1], inv.Templates[1:2], nil
	own.Configure(inv)
	text := expose(t, own)
	for _, gone := range []string{`source="vault"`, `template="/etc/app/2.conf"`, `target="`} {
		if strings.Contains(text, gone) {
			t.Errorf("%s is still there", gone)
		}
	}
	want(t, own, `concierge_source_changes_total{source="etcd"}`, 3)
	want(t, own, `concierge_template_output_bytes{template="/etc/app/1.conf"}`, 100)
}

func TestStalenessGrowsUntilTheSourceIsBack(t *testing.T) {
	own := configured(typical())
	state := telemetry.SourceState{Source: telemetry.Source{Name: "etcd", Kind: "etcd"}, Away: time.Now().Add(-time.Minute)}
	own.Sources([]telemetry.SourceState{state})
	const name = `concierge_source_staleness_seconds{source="etcd"}`
	first := value(t, own, name)
	if second := value(t, own, name); first < 60 || second <= first {
		t.Errorf("the staleness is %v, then %v", first, second)
	}
	state.Away, state.Up = time.Time{}, true
	own.Sources([]telemetry.SourceState{state})
	want(t, own, name, 0)
}

// TestTargetsGetWhatIsScraped: the same names, labels and values, read by the
// reader for the metrics of applications, but for buckets.
func TestTargetsGetWhatIsScraped(t *testing.T) {
	own := configured(typical())
	record(own)
	scraped := make(map[string]metrics.Sample)
	read, err := new(exposition.Parser).Append(nil, expose(t, own))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range read {
		if !strings.HasSuffix(s.Name, "_bucket") {
			scraped[s.Path()] = s
		}
	}
	got := own.Samples(nil)
	for _, s := range got {
		o, there := scraped[s.Path()]
		moves := strings.HasPrefix(s.Name, "process_") || strings.HasPrefix(s.Name, "go_")
		if !there || o.Kind != s.Kind || o.Group != s.Group || o.Value != s.Value && !moves {
			t.Errorf("%s: %+v is delivered, %+v scraped", s.Path(), s, o)
		}
	}
	if len(got) != len(scraped) {
		t.Errorf("%d values are delivered and %d scraped", len(got), len(scraped))
	}
}

func TestOnlyListedMetricsAreExposed(t *testing.T) {
	own := configured(typical())
	record(own)
	listed := make(map[string]telemetry.Info)
	for _, i := range telemetry.Metrics() {
		listed[i.Name] = i
	}
	exposed := make(map[string]bool)
	for line := range strings.Lines(expose(t, own)) {
		if rest, ok := strings.CutPrefix(line, "# TYPE "); ok {
			name, kind, _ := strings.Cut(strings.TrimSpace(rest), " ")
			exposed[name] = true
			if i, known := listed[name]; !known || string(i.Type) != kind {
				t.Errorf("%s of type %s is listed as %+v", name, kind, i)
			}
		}
	}
	for name := range listed {
		if !exposed[name] {
			t.Errorf("%s is listed, but never exposed", name)
		}
	}
}

func TestNobodyListensWithoutTelemetry(t *testing.T) {
	var none *telemetry.Telemetry
	none.Configure(typical())
	record(none)
	if got := none.Samples(nil); got != nil {
		t.Errorf("%v", got)
	}
}

func TestConcurrentUse(t *testing.T) {
	own := configured(typical())
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for n := range 50 {
				record(own)
				inv := typical()
				inv.Templates = inv.Templates[n%10:]
				own.Configure(inv)
				_ = own.Samples(nil)
			}
		})
	}
	all.Wait()
	if !bytes.Contains([]byte(expose(t, own)), []byte("concierge_child_up")) {
		t.Error("nothing is left")
	}
}

func BenchmarkRendered(b *testing.B) {
	own := configured(typical())
	for b.Loop() {
		own.Executed("/etc/app/1.conf", time.Millisecond)
		own.Rendered("/etc/app/1.conf", telemetry.RenderChanged)
	}
}
