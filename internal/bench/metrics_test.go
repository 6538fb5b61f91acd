package bench

import (
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/metrics/fixture"
)

var longCycles = flag.Int("cycles", 60, "cycles of the long run (make bench-metrics)")

// metricsPlan is how much is measured.
type metricsPlan struct {
	sets       int // of the Dropwizard document; each has 34 numbers
	histograms int // of the Prometheus text; each has 14 samples
	interval   time.Duration
	cycles     int           // of the long run
	few        int           // of the others
	idle       time.Duration // under observation
	turns      int           // of the peers
	hung       int           // cycles with a server that hangs
	templates  int           // rendered while a push hangs
	beats      int           // heartbeats meanwhile
	ends       int           // of the process, with last words
}

func fullMetrics() metricsPlan {
	return metricsPlan{
		sets: 1000, histograms: 2400, interval: 10 * time.Second, cycles: *longCycles, few: min(7, *longCycles/2), idle: time.Minute,
		turns: min(11, *longCycles), hung: 1000, templates: 3000, beats: 6, ends: 10,
	}
}

func shortMetrics() metricsPlan {
	return metricsPlan{
		sets: 60, histograms: 140, interval: time.Second, cycles: 3, few: 2, idle: 2 * time.Second,
		turns: 2, hung: 20, templates: 50, beats: 2, ends: 2,
	}
}

func (p metricsPlan) values() int { return p.sets * fixture.DropwizardNumbers }

// metricsRig is what all parts of the measurement share.
type metricsRig struct {
	metricsPlan
	tb     testing.TB
	zabbix *testserver.ZabbixServer
	binary string
	group  *controlGroup
	found  figures
}

// figures are what was measured, by name: seconds, bytes, pieces.
type figures map[string][]float64

func (f figures) add(name string, v float64) { f[name] = append(f[name], v) }

func (f figures) addTime(name string, d time.Duration) { f.add(name, d.Seconds()) }

// begin gives a part what belongs to it alone.
func (r *metricsRig) begin(tb testing.TB, g *controlGroup) {
	r.tb, r.zabbix, r.group = tb, testserver.Zabbix(tb), g
}

// metricsParts are measured one after the other; a failure of one does not keep
// the next from being measured.
var metricsParts = [...]struct {
	name    string
	measure func(*metricsRig)
}{
	{"idle", (*metricsRig).idleMinute},
	{"items", (*metricsRig).everySteady},
	{"forms: 17 values", (*metricsRig).smallForm},
	{"heartbeats", (*metricsRig).heartbeats},
	{"hung server", (*metricsRig).hungServer},
	{"hostile servers", (*metricsRig).hostileServers},
	{"forms: Prometheus", (*metricsRig).prometheusForm},
	{"forms: document", (*metricsRig).documentForm},
}

func metricsNames() (names []string) {
	for _, part := range metricsParts {
		names = append(names, part.name)
	}
	return names
}

// TestMetricsArriveAsTheyWereRead is the short form: what has to be right,
// without what has to be quick and without limits, which need root.
func TestMetricsArriveAsTheyWereRead(t *testing.T) {
	r := &metricsRig{metricsPlan: shortMetrics(), found: make(figures), binary: buildConcierge(t)}
	r.cycles = 2
	r.begin(t, new(controlGroup))
	r.everySteady()
}

// BenchmarkMetrics is the whole measurement, made once whatever b.N is.
func BenchmarkMetrics(b *testing.B) {
	p := fullMetrics()
	if testing.Short() {
		p = shortMetrics()
	}
	wanted, err := regexp.Compile(*only)
	if err != nil {
		b.Fatalf("-only: %v", err)
	}
	r := &metricsRig{metricsPlan: p, found: make(figures), binary: buildConcierge(b)}
	for _, part := range metricsParts {
		if wanted.MatchString(part.name) {
			b.Run(part.name, func(b *testing.B) { r.begin(b, newControlGroup(b)); part.measure(r) })
		}
	}
	if r.group == nil {
		b.Fatalf("-only %s matches none of %v", *only, metricsNames())
	}
	r.tb = b
	text := r.markdown() // also of what there is when a part has failed
	fmt.Println(text)
	if testing.Short() || !*update || *only != "" || b.Failed() {
		return
	}
	if err := placeFor("bench-metrics").update(filepath.Join("..", "..", "docs", "performance.md"), text); err != nil {
		b.Fatal(err)
	}
}
