package examples

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"concierge/metrics/telemetry"
)

// metricName finds what looks like one of concierge's own metrics.
var metricName = regexp.MustCompile(`\b(concierge|process|go)_[a-z_]+[a-z]\b`)

// known returns the names that queries may use.
func known() []string {
	var names []string
	for _, m := range telemetry.Metrics() {
		names = append(names, m.Name)
		if m.Type == telemetry.Histogram {
			names = append(names, m.Name+"_bucket", m.Name+"_count", m.Name+"_sum")
		}
	}
	return names
}

// queries returns all that a dashboard asks Prometheus for.
func queries(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("grafana", "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			all = append(all, q.Expr)
		}
	}
	if len(all) < 20 {
		t.Fatalf("the dashboard has %d queries", len(all))
	}
	return all
}

func TestDashboardAndAlertsNameMetricsThatExist(t *testing.T) {
	rules, err := os.ReadFile(filepath.Join("grafana", "alerts.yml"))
	if err != nil {
		t.Fatal(err)
	}
	names := known()
	for _, text := range append(queries(t), string(rules)) {
		found := metricName.FindAllString(text, -1)
		if len(found) == 0 {
			t.Errorf("%s names no metric", text)
		}
		for _, name := range found {
			if !slices.Contains(names, name) {
				t.Errorf("there is no metric %s", name)
			}
		}
	}
}

// TestPrometheusAcceptsRulesAndQueries has promtool read the alerting rules,
// and the queries of the dashboard as if they were recording rules.
func TestPrometheusAcceptsRulesAndQueries(t *testing.T) {
	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	variables := strings.NewReplacer("$__rate_interval", "5m", "$instance", ".*")
	for i, q := range queries(t) {
		expr, err := json.Marshal(variables.Replace(q))
		if err != nil {
			t.Fatal(err)
		}
		rules.WriteString("  - {record: 'panel:" + strings.Repeat("x", i+1) + "', expr: " + string(expr) + "}\n")
	}
	board := filepath.Join(t.TempDir(), "dashboard.yml")
	if err := os.WriteFile(board, []byte(rules.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{board, filepath.Join("grafana", "alerts.yml")} {
		if out, err := exec.CommandContext(t.Context(), "promtool", "check", "rules", file).CombinedOutput(); err != nil {
			t.Errorf("promtool: %v\n%s", err, out)
		}
	}
}
