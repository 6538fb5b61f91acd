package zabbix_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"gopkg.in/yaml.v3"

	"concierge/internal/testserver"
	"concierge/metrics"
	"concierge/metrics/push/zabbix"
)

// templates are the files that users import.
const templates = "../../../examples/zabbix"

// Names that a server writes into keys in another form than they have.
var awkward = []string{`plain`, `a,b`, `a"b`, ` leading`, `"quoted"`, `[x]`, `a]b`, `back\slash`, `ümläut`, `a b`, `a\"b`, `x{y}`, `a\",b`}

func TestDiscoveredItemsHaveTheKeysOfTheValues(t *testing.T) {
	z := testserver.Zabbix(t)
	host := hostWith(t, z, "concierge")
	now := time.Now()
	target := newTarget(t, zabbix.Config{
		Nodes: []string{z.Addr}, Host: host, Texts: []string{"*"},
		Now: func() time.Time { return now },
	})
	s := snapshot(mixed())
	r := push(t, target, s)
	if !r.Announced.Sent || !r.Announced.Taken || r.Learning != r.Rejected || target.Learning() != now.Add(90*time.Second) {
		t.Fatalf("the first receipt is %+v, learned at %s", r, target.Learning())
	}
	// The server reads new items into its cache about a second later.
	for end := time.Now().Add(90 * time.Second); r.Rejected > 0 && time.Now().Before(end); {
		time.Sleep(200 * time.Millisecond)
		s.At = time.Now()
		r = push(t, target, s)
	}
	if r.Rejected != 0 || r.Accepted != len(s.Samples) || r.Announced.Sent {
		t.Errorf("in the end the receipt is %+v of %d samples; items are\n%v", r, len(s.Samples),
			z.SQL("select key_ from items join hosts using (hostid) where flags = 4 and host = '"+host+"'"))
	}
	now = now.Add(2 * time.Minute)
	s.Samples, s.At = append(s.Samples, gauge("late", 1)), time.Now()
	if r := push(t, target, s); !r.Announced.Sent || r.Learning != 1 {
		t.Errorf("with a new metric the receipt is %+v", r)
	}
}

// mixed has metrics of each kind with each awkward name.
func mixed() []metrics.Sample {
	var all []metrics.Sample
	for i, name := range awkward {
		v := float64(i)
		all = append(all, gauge(name, v), metrics.Sample{Name: name, Group: "counters", Value: v},
			metrics.Sample{Name: name, Group: "timers", Field: "p99", Value: v}, metrics.Sample{Name: name, Group: "timers", Field: "mean_rate", Value: v},
			metrics.Sample{Name: name, Value: v},
			metrics.Sample{Name: name, Kind: metrics.Text, Raw: "text"},
			metrics.Sample{Name: "http_requests_total", Group: "counter", Kind: metrics.Counter, Value: v,
				Labels: []metrics.Label{{Name: "code", Value: name}, {Name: "method", Value: "GET"}}},
			metrics.Sample{Name: "up", Group: "gauge", Value: v, Labels: []metrics.Label{{Name: "job", Value: name}}})
	}
	for _, f := range []string{"count", "max", "mean", "min", "p50", "p75", "p95", "p98", "p99", "p999", "stddev"} {
		all = append(all, metrics.Sample{Name: "sizes", Group: "histograms", Field: f, Value: 1})
	}
	for _, f := range []string{"count", "m15_rate", "m1_rate", "m5_rate", "mean_rate"} {
		all = append(all, metrics.Sample{Name: "events", Group: "meters", Field: f, Value: 1})
	}
	return append(all, metrics.Sample{Name: "container.memory.usage_bytes", Group: "container", Value: 1e6})
}

func TestDocumentsAreTakenApartByTheServer(t *testing.T) {
	z := testserver.Zabbix(t)
	host := hostWith(t, z, "concierge document")
	target := newTarget(t, zabbix.Config{Nodes: []string{z.Addr}, Host: host, Payload: zabbix.Document})
	s := snapshot([]metrics.Sample{gauge("in the document anyway", 1), {Name: "container.memory.usage_bytes", Group: "container", Value: 1e6}})
	s.Documents = map[string][]byte{"app": []byte(`{"version":"4.0.0","gauges":{"a \"b\" \\c":{"value":1.5},"text":{"value":"x"},"nan":{"value":"NaN"}},
		"counters":{"n,1":{"count":7}},"histograms":{},"meters":{},"timers":{"t":{"count":3,"p99":0.25,"units":"s"}}}`)}
	query := fmt.Sprintf(`select key_, value::text from history join items using (itemid) join hosts using (hostid)
		where host = '%s' and value_type = 0 and key_ like 'app.%%' group by 1, 2 order by 1`, host)
	want := [][]string{{`app.counter["n,1"]`, "7"}, {`app.gauge[a "b" \c]`, "1.5"}, {"app.timer[t,count]", "3"}, {"app.timer[t,p99]", "0.25"}}
	var rows [][]string
	for end := time.Now().Add(90 * time.Second); !slices.EqualFunc(rows, want, slices.Equal) && time.Now().Before(end); {
		s.At = time.Now()
		if r := push(t, target, s); r.Accepted != 2 || r.Sent != 2 {
			t.Fatalf("the receipt is %+v", r)
		}
		time.Sleep(500 * time.Millisecond)
		rows = z.SQL(query)
	}
	if !slices.EqualFunc(rows, want, slices.Equal) {
		t.Errorf("the history has %q, want %q", rows, want)
	}
}

func TestHostsRegisterThemselves(t *testing.T) {
	z := testserver.Zabbix(t)
	importTemplates(t, z)
	host := z.UnusedName()
	z.Call("action.create", map[string]any{
		"name": "register " + host, "eventsource": 2,
		"filter":     map[string]any{"evaltype": 0, "conditions": []any{map[string]any{"conditiontype": 24, "operator": 2, "value": host}}},
		"operations": []any{map[string]any{"operationtype": 2}, map[string]any{"operationtype": 6, "optemplate": []any{map[string]string{"templateid": templateID(t, z, "concierge")}}}},
	}, nil)
	now := time.Now()
	target := newTarget(t, zabbix.Config{
		Nodes: []string{z.Addr}, Host: host, Register: &zabbix.Registration{Metadata: "of " + host, Interface: "127.0.0.1", Pause: time.Second},
		Now: func() time.Time { return now },
	})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	if r := push(t, target, s); r.Accepted != 0 {
		t.Fatalf("a host that does not exist has values: %+v", r)
	}
	for end := time.Now().Add(90 * time.Second); time.Now().Before(end); {
		time.Sleep(500 * time.Millisecond)
		now, s.At = now.Add(10*time.Second), time.Now()
		if r := push(t, target, s); r.Accepted == 1 {
			return
		}
	}
	t.Errorf("the host still takes no values; hosts are %v", z.SQL("select host, status from hosts where host = '"+host+"'"))
}

func TestTriggersSpeakWhenTheyShould(t *testing.T) {
	z := testserver.Zabbix(t)
	type step struct {
		state, elapsed float64
		want           string
	}
	for name, steps := range map[string][]step{
		"failures": {{0, -1, "Metrics could not be delivered; The process has ended"}, {1, 0, "Metrics could not be delivered"}, {1, 120, ""}},
		"slowness": {{1, 6000, "Delivering metrics takes more than {$PUSH.ELAPSED.MAX} ms"}, {1, 4000, ""}},
	} {
		host := hostWith(t, z, "concierge")
		target := newTarget(t, zabbix.Config{Nodes: []string{z.Addr}, Host: host})
		for _, step := range steps {
			r, err := target.Beat(t.Context(), snapshot([]metrics.Sample{{Name: "container.state", Value: step.state}, {Name: "push.elapsed", Value: step.elapsed}}))
			if err != nil || r.Accepted != 2 {
				t.Fatalf("%s: the receipt is %+v, %v", name, r, err)
			}
			rows := awaitRows(t, z, fmt.Sprintf(`select coalesce(string_agg(distinct t.description, '; ' order by t.description), '')
				from triggers t join functions f using (triggerid) join items using (itemid) join hosts using (hostid)
				where host = '%s' and t.value = 1`, host), func(rows [][]string) bool { return rows[0][0] == step.want })
			if rows[0][0] != step.want {
				t.Errorf("%s: after state %v and elapsed %v the triggers say %q, want %q", name, step.state, step.elapsed, rows[0][0], step.want)
			}
		}
	}
}

// The export format has changed in the names of groups, and in how items are
// kept that discovery no longer finds. All else must be the same in both files.
func TestTemplatesOfBothVersionsAreTheSame(t *testing.T) {
	for _, name := range []string{"concierge", "concierge-document"} {
		older, newer := readTemplate(t, name+"-6.0.yaml"), readTemplate(t, name+"-7.0.yaml")
		if older["version"] != "6.0" || newer["version"] != "7.0" || older["groups"] == nil || newer["template_groups"] == nil {
			t.Errorf("%s: versions are %v and %v", name, older["version"], newer["version"])
		}
		a, b := keysOf(older["templates"]), keysOf(newer["templates"])
		if !slices.Equal(a, b) || len(a) < 50 {
			t.Errorf("%s: there are %d keys for 6.0 and %d for 7.0", name, len(a), len(b))
		}
	}
}

// keysOf returns all keys of items in a template, deeply.
func keysOf(node any) []string {
	var keys []string
	switch n := node.(type) {
	case map[string]any:
		if key, ok := n["key"].(string); ok && n["type"] != nil {
			keys = append(keys, key+" "+fmt.Sprint(n["uuid"], n["value_type"], n["preprocessing"]))
		}
		for _, child := range n {
			keys = append(keys, keysOf(child)...)
		}
	case []any:
		for _, child := range n {
			keys = append(keys, keysOf(child)...)
		}
	}
	slices.Sort(keys)
	return keys
}

func readTemplate(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(templates, name))
	if err != nil {
		t.Fatal(err)
	}
	var export struct {
		Export map[string]any `yaml:"zabbix_export"`
	}
	if err := yaml.Unmarshal(text, &export); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return export.Export
}

// hostWith adds a host with a template.
func hostWith(t *testing.T, z *testserver.ZabbixServer, template string) string {
	t.Helper()
	importTemplates(t, z)
	host := z.UnusedName()
	z.Call("host.create", map[string]any{
		"host": host, "groups": []any{map[string]string{"groupid": "2"}},
		"templates": []any{map[string]string{"templateid": templateID(t, z, template)}},
	}, nil)
	z.AwaitHost(host, "container.state")
	return host
}

func templateID(t *testing.T, z *testserver.ZabbixServer, name string) string {
	t.Helper()
	rows := z.SQL("select hostid from hosts where status = 3 and host = '" + name + "'")
	if len(rows) != 1 {
		t.Fatalf("there is no template %q", name)
	}
	return rows[0][0]
}

// importTemplates imports the files for this version, as users do. To do so once
// more changes nothing.
func importTemplates(t *testing.T, z *testserver.ZabbixServer) {
	t.Helper()
	both := map[string]bool{"createMissing": true, "updateExisting": true}
	rules := map[string]any{
		"groups": map[string]bool{"createMissing": true}, "templates": both, "items": both, "discoveryRules": both, "triggers": both, "valueMaps": both,
	}
	for _, name := range []string{"concierge-6.0.yaml", "concierge-document-6.0.yaml"} {
		text, err := os.ReadFile(filepath.Join(templates, name))
		if err != nil {
			t.Fatal(err)
		}
		z.Call("configuration.import", map[string]any{"format": "yaml", "source": string(text), "rules": rules}, nil)
	}
}
