package agent_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"concierge/internal/admin"
)

// page asks the HTTP listener at DIR/admin.
func (s steered) page(path string) (string, bool) {
	s.t.Helper()
	text, good, err := admin.Visit(s.t.Context(), "unix:"+filepath.Join(s.dir, "admin"), path)
	if err != nil {
		s.t.Fatal(err)
	}
	return text, good
}

// metric waits until a series has a value that is as wanted.
func (s steered) metric(series string, ok func(float64) bool) float64 {
	s.t.Helper()
	said := "nothing"
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		text, good, err := admin.Visit(s.t.Context(), "unix:"+filepath.Join(s.dir, "admin"), "/metrics")
		if err != nil || !good {
			continue
		}
		for line := range strings.Lines(text) {
			rest, found := strings.CutPrefix(line, series+" ")
			if !found {
				continue
			}
			said = strings.TrimSpace(rest)
			if v, err := strconv.ParseFloat(said, 64); err == nil && ok(v) {
				return v
			}
		}
	}
	s.t.Fatalf("%s never was as wanted; it is %s", series, said)
	return 0
}

func (s steered) is(series string, v float64) {
	s.t.Helper()
	s.metric(series, func(got float64) bool { return got == v })
}

func positive(v float64) bool { return v > 0 }

func TestInstanceMeasuresTheWholeWayOfAChange(t *testing.T) {
	s := steer(t, `
sources: {file: {path: DIR/kv.yaml}}
admin: {listen: "unix:DIR/admin"}
templates:
  - {contents: '{{ key "a" }}', destination: DIR/web, check: {command: [grep, -qv, bad, "{{path}}"]}, on_change: reload}
  - {contents: '{{ key "absent" }}', destination: DIR/waits, on_change: none}
process: {command: [sh, -c, 'trap : HUP; while :; do sleep 0.05; done'], reload: {signal: HUP}, stop: {timeout: 1s}}
`)
	web := `{result="%s",template="` + filepath.Join(s.dir, "web") + `"}`
	waits := `{template="` + filepath.Join(s.dir, "waits") + `"}`
	s.write("kv.yaml", "a: one\n")
	s.is("concierge_template_missing_dependencies"+waits, 1)
	s.is(`concierge_source_up{kind="file",source="file"}`, 1)
	s.is(`concierge_source_watched_keys{source="file"}`, 2)
	s.is(`concierge_source_missing_keys{source="file"}`, 1)
	s.is(`concierge_templates{state="waiting"}`, 1)
	s.is(`concierge_child_up`, 0) // it waits, too
	if text, good := s.page("/readyz?verbose"); good || !strings.Contains(text, "not in place: ") {
		t.Errorf("it is ready: %s", text)
	}
	if text, good := s.page("/livez"); !good {
		t.Errorf("it is not live: %s", text)
	}
	s.write("kv.yaml", "a: one\nabsent: here\n")
	s.is(`concierge_child_up`, 1)
	s.is(`concierge_child_starts_total{reason="first"}`, 1)
	s.is(fmt.Sprintf("concierge_template_renders_total"+web, "changed"), 1)
	s.until("ready", func(st admin.Status) bool { return st.Ready })

	s.write("kv.yaml", "a: bad\nabsent: here\n")
	s.is(fmt.Sprintf("concierge_template_renders_total"+web, "check_failed"), 1)
	s.metric(`concierge_commands_total{kind="check",result="nonzero"}`, positive)
	s.write("kv.yaml", "a: two\nabsent: here\n")
	s.is(fmt.Sprintf("concierge_template_renders_total"+web, "changed"), 2)
	s.metric(`concierge_change_applied_seconds_count{stage="write"}`, positive)
	s.metric(`concierge_change_applied_seconds_sum{stage="notify"}`, positive)
	s.is(`concierge_child_signals_total{signal="HUP"}`, 1)
	if text, good := s.page("/readyz"); !good {
		t.Errorf("it is not ready: %s", text)
	}

	s.write("concierge.yaml", "nonsense: 1\n")
	if err := s.Reload(t.Context()); err == nil {
		t.Fatal("nonsense is loaded")
	}
	s.is(`concierge_config_last_load_success`, 0)
	s.is(`concierge_config_loads_total{result="error"}`, 1)
	if err := s.Restart(t.Context(), "process"); err != nil {
		t.Fatal(err)
	}
	s.is(`concierge_child_starts_total{reason="manual"}`, 1)
}

func TestSourceThatIsAwayIsToldAndMayEndReadiness(t *testing.T) {
	s := steer(t, `
sources: {file: {path: DIR/kv.yaml}}
admin: {listen: "unix:DIR/admin", max_staleness: 1s}
templates: [{contents: '{{ key "a" }}', destination: DIR/web}]
`)
	s.write("kv.yaml", "a: one\n")
	s.until("ready", func(st admin.Status) bool { return st.Ready })
	s.write("kv.yaml", "{{{{")
	s.is(`concierge_source_up{kind="file",source="file"}`, 0)
	s.metric(`concierge_source_staleness_seconds{source="file"}`, func(v float64) bool { return v > 1 })
	if text, good := s.page("/readyz?verbose"); good || !strings.Contains(text, "[-] source file: away for") {
		t.Errorf("it is ready with old data: %s", text)
	}
	if _, good := s.page("/livez"); !good {
		t.Error("a store ends the life of the instance")
	}
	s.write("kv.yaml", "a: two\n")
	s.is(`concierge_source_up{kind="file",source="file"}`, 1)
	s.is(`concierge_source_staleness_seconds{source="file"}`, 0)
	s.is(`concierge_source_reconnects_total{reason="lost",source="file"}`, 1)
	if text, good := s.page("/readyz"); !good {
		t.Errorf("it is not ready: %s", text)
	}
}

func TestListenerFollowsReload(t *testing.T) {
	s := steer(t, `
sources: {file: {path: DIR/kv.yaml}}
admin: {listen: "unix:DIR/admin"}
templates: [{contents: x, destination: DIR/web}]
`)
	s.until("ready", func(st admin.Status) bool { return st.Ready })
	config := "control: {socket: DIR/socket}\nsources: {file: {path: DIR/kv.yaml}}\ntemplates: [{contents: x, destination: DIR/web}]\n"
	taken := filepath.Join(s.dir, "taken")
	l, err := net.Listen("unix", taken)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s.write("concierge.yaml", config+"admin: {listen: \"unix:DIR/taken\"}\n")
	if err := s.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "admin.listen") {
		t.Errorf("an address in use: %v", err)
	}
	if _, good := s.page("/livez"); !good {
		t.Error("a failed reload took the listener away")
	}
	s.write("concierge.yaml", config+"admin: {listen: \"unix:DIR/other\"}\n")
	if err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, good, err := admin.Visit(t.Context(), "unix:"+filepath.Join(s.dir, "other"), "/readyz"); err != nil || !good {
		t.Errorf("the listener did not move: %v", err)
	}
	s.write("concierge.yaml", config)
	if err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(s.dir, "other")); os.IsNotExist(err) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the listener is still there")
		}
	}
}

// TestLoopThatHangsStillHasAnAnswer: the verdict needs no answer of the loop, here one
// that waits in a template function.
func TestLoopThatHangsStillHasAnAnswer(t *testing.T) {
	s := steer(t, `
sources: {file: {path: DIR/kv.yaml}}
admin: {listen: "unix:DIR/admin"}
templates: [{contents: '{{ plugin "sh" "-c" "echo >>DIR/begun; sleep 3" }}{{ key "a" }}', destination: DIR/web}]
`)
	s.write("kv.yaml", "a: one\n")
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(filepath.Join(s.dir, "begun")); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the template never ran")
		}
	}
	began := time.Now()
	text, _ := s.page("/livez?verbose")
	_, _ = s.page("/readyz")
	if took := time.Since(began); took > time.Second || !strings.Contains(text, "loop: turned") {
		t.Errorf("%q after %s", text, took)
	}
}

// TestPrometheusScrapesAnInstance has a real server do so.
func TestPrometheusScrapesAnInstance(t *testing.T) {
	port := freePort(t)
	s := steer(t, `
sources: {file: {path: DIR/kv.yaml}}
admin: {listen: "127.0.0.1:`+port+`"}
templates: [{contents: '{{ key "a" }}', destination: DIR/web}]
`)
	s.write("kv.yaml", "a: one\n")
	s.until("ready", func(st admin.Status) bool { return st.Ready })
	own := freePort(t)
	s.write("prometheus.yml", `
scrape_configs:
  - {job_name: concierge, scrape_interval: 1s, static_configs: [{targets: ["127.0.0.1:`+port+`"]}]}
`)
	ctx, cancel := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, "prometheus", "--config.file="+filepath.Join(s.dir, "prometheus.yml"),
		"--storage.tsdb.path="+filepath.Join(s.dir, "tsdb"), "--web.listen-address=127.0.0.1:"+own, "--enable-feature=native-histograms")
	server.Stderr = s.log
	if err := server.Start(); err != nil {
		t.Fatalf("%v (install the package prometheus)", err)
	}
	defer func() { cancel(); _ = server.Wait() }()
	for query, want := range map[string]string{
		`up{job="concierge"}`:                                         "1",
		`concierge_source_up`:                                         "1",
		`sum(concierge_templates{state="rendered"})`:                  "1",
		`histogram_count(concierge_template_render_duration_seconds)`: "1",
	} {
		await(t, own, query, want)
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// await asks a Prometheus until it gives that answer.
func await(t *testing.T, port, query, want string) {
	t.Helper()
	var last string
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		answer, err := http.Get("http://127.0.0.1:" + port + "/api/v1/query?query=" + url.QueryEscape(query))
		if err != nil {
			last = err.Error()
			continue
		}
		var a struct {
			Data struct{ Result []struct{ Value [2]any } }
		}
		err = json.NewDecoder(answer.Body).Decode(&a)
		_ = answer.Body.Close()
		if last = fmt.Sprint(err, a); err == nil && len(a.Data.Result) == 1 && a.Data.Result[0].Value[1] == want {
			return
		}
	}
	t.Errorf("%s never was %s; Prometheus says %s", query, want, last)
}
