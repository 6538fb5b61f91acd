package agent_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/agent"
)

// asked does something with metrics and returns what it printed and logged.
func asked(t *testing.T, dir, yaml, target string, do func(context.Context, agent.PushOptions) error) (out, log string, err error) {
	t.Helper()
	write(t, filepath.Join(dir, "concierge.yaml"), strings.ReplaceAll(yaml, "DIR", dir))
	var printed, logged strings.Builder
	err = do(t.Context(), agent.PushOptions{
		Load: load(dir, false), Log: slog.New(slog.NewTextHandler(&logged, nil)), Environ: os.Environ(), Stdout: &printed, Target: target,
	})
	return printed.String(), logged.String(), err
}

const previewed = `
metrics:
  host: box
  own: false
  container: {off: true}
  collect: {app: {file: DIR/app.prom}}
  checks: {disk: {command: [sh, -c, "echo fine; exit 1"]}}
  push: {one: TARGET}
`

func TestPreviewShowsWhatWouldBeSentAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "app.prom"), "# TYPE g gauge\ng{a=\"b\"} 1\n# TYPE n gauge\nn NaN\n# TYPE c counter\nc 5\n")
	for target, want := range map[string]string{
		`{statsd: {}}`: "g:1|g|#a:b\ncheck.status:1|g|#check:disk\n# counters are sent as their growth, from the second delivery on: 1\n",
		`{otlp: {}}`:   "g{a=\"b\"} 1\nc 5\ncheck.status{check=\"disk\"} 1\n",
		`{pushgateway: {}}`: "# TYPE c counter\nc 5\n# TYPE check_status gauge\ncheck_status{check=\"disk\"} 1\n" +
			"# TYPE g gauge\ng{a=\"b\"} 1\n# TYPE n gauge\nn NaN\n",
	} {
		out, _, err := asked(t, dir, strings.Replace(previewed, "TARGET", target, 1), "", agent.PushPreview)
		if out != want || err != nil {
			t.Errorf("%s: %v, printed\n%s\nwant\n%s", target, err, out, want)
		}
	}
	out, _, err := asked(t, dir, strings.Replace(previewed, "TARGET", "{sensu: {}}", 1), "", agent.PushPreview)
	if err != nil || strings.Count(out, "\n") != 2 || strings.Contains(out, "NaN") {
		t.Errorf("%v, printed\n%s", err, out)
	}
	for line := range strings.Lines(out) {
		if !json.Valid([]byte(line)) {
			t.Errorf("this is no event: %s", line)
		}
	}
}

func TestDiscoveryOfSeveralTargetsIsOneDocument(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "app.prom"), "# TYPE g gauge\ng 1\n")
	const two = `{zabbix: {servers: "127.0.0.1:1,127.0.0.1:2"}}, two: {zabbix: {servers: "127.0.0.1:1", prefix: web}}`
	yaml := strings.Replace(previewed, "TARGET", two, 1)
	for target, want := range map[string]string{"": "one", "one": "app.discovery[series]", "one-2": "app.discovery[series]", "two": "web.discovery[series]"} {
		out, _, err := asked(t, dir, yaml, target, agent.Discover)
		var document map[string]json.RawMessage
		if err := json.Unmarshal([]byte(out), &document); err != nil {
			t.Fatalf("%q: %v in\n%s", target, err, out)
		}
		if err != nil || document[want] == nil {
			t.Errorf("%q: %v, no %s in\n%s", target, err, want, out)
		}
	}
}

func TestNameOfATargetMeansAllItsServers(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "app.prom"), "# TYPE g gauge\ng 1\n")
	yaml := strings.Replace(previewed, "TARGET", `{timeout: 1s, zabbix: {servers: "127.0.0.1:1,127.0.0.1:2"}}, other: {statsd: {}}`, 1)
	for target, want := range map[string]string{"one": "one 0\none-2 0\n", "one-2": "0\n"} {
		if out, _, err := asked(t, dir, yaml, target, agent.PushOnce); out != want || err == nil {
			t.Errorf("%s: printed %q, want %q; %v", target, out, want, err)
		}
	}
}

func TestErrorsAboutMetricsSayWhereTheSettingIs(t *testing.T) {
	dir := t.TempDir()
	yaml := strings.Replace(previewed, "TARGET", `{otlp: {url: "https://127.0.0.1:1/", tls: {ca_file: DIR/none.pem}}}`, 1)
	write(t, filepath.Join(dir, "none.pem"), "no certificate")
	_, _, err := asked(t, dir, yaml, "", agent.PushPreview)
	if err == nil || !strings.HasPrefix(err.Error(), dir+"/concierge.yaml:8:15: metrics.push.one: ") {
		t.Errorf("the error is %v", err)
	}
}

func TestOneReadingThatFailsIsSaidOnce(t *testing.T) {
	dir := t.TempDir()
	yaml := strings.Replace(previewed, "TARGET", `{statsd: {}}`, 1)
	for _, do := range []func(context.Context, agent.PushOptions) error{agent.PushOnce, agent.PushPreview} {
		_, log, err := asked(t, dir, yaml, "", do)
		if err == nil || !strings.Contains(err.Error()+log, "no such file") || strings.Count(err.Error()+log, "app.prom") > 1 {
			t.Errorf("the error is %v, the log\n%s", err, log)
		}
	}
}
