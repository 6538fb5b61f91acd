package bench

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"concierge/metrics/fixture"
)

// peers measures, in turns, Zabbix's own sender with a file that is there
// already and the script of old, which makes one. Both are in the same control
// group as concierge was, and send to the host that has all items.
func (r *metricsRig) peers(host string, app *application) {
	r.tb.Helper()
	address, port, err := net.SplitHostPort(r.zabbix.Addr)
	if err != nil {
		r.tb.Fatal(err)
	}
	python, err := exec.LookPath("/usr/bin/python3")
	if err != nil {
		r.tb.Fatalf("%v: install python3", err)
	}
	script, err := filepath.Abs(filepath.Join("testdata", "courier.py"))
	if err != nil {
		r.tb.Fatal(err)
	}
	file := filepath.Join(r.tb.TempDir(), "values")
	for range r.turns {
		r.peer("script", python, script, app.url, address, port, host, file)
		r.nextSecond(file)
		r.peer("zabbix_sender", "zabbix_sender", "-z", address, "-p", port, "-T", "-i", file)
	}
}

// stamp is the time in a row of a sender's file.
var stamp = regexp.MustCompile(` (\d{10}) `)

// nextSecond moves all values of a file by a second. The database refuses a
// second value of the same moment, and a server that has to take a thousand such
// rows apart one by one is busy for minutes, during which it discovers nothing.
func (r *metricsRig) nextSecond(file string) {
	r.tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		r.tb.Fatal(err)
	}
	found := stamp.FindSubmatch(text)
	if found == nil {
		r.tb.Fatalf("the script wrote no time: %s", tail(string(text)))
	}
	clock, _ := strconv.Atoi(string(found[1]))
	next := fmt.Appendf(nil, " %d ", clock+1)
	writeFile(r.tb, file, string(bytes.ReplaceAll(text, found[0], next)))
}

// senderSent is the line in which zabbix_sender sums up.
var senderSent = regexp.MustCompile(`sent: (\d+);`)

// peer runs one program and books what it needed.
func (r *metricsRig) peer(what, name string, args ...string) {
	r.tb.Helper()
	cmd := r.group.command(r.tb.Context(), name, args...)
	before, begin := r.group.cpu(r.tb), time.Now()
	out, err := cmd.Output()
	if err != nil {
		r.tb.Fatalf("%s: %v: %s", what, err, tail(string(out)))
	}
	r.found.addTime(what+": wall", time.Since(begin))
	r.found.addTime(what+": cpu", r.group.cpu(r.tb)-before)
	sent := senderSent.FindSubmatch(out)
	if sent == nil {
		r.tb.Fatalf("%s said nothing of what it has sent: %s", what, tail(string(out)))
	}
	n, _ := strconv.Atoi(string(sent[1]))
	if n != r.values() {
		r.tb.Errorf("%s sent %d values, want %d", what, n, r.values())
	}
}

// everyForm measures the other forms of metrics: Prometheus text, a document as
// a whole, and an application with 17 values.
func (r *metricsRig) everyForm() {
	r.tb.Helper()
	samples := r.histograms*fixture.HistogramSamples + fixture.PrometheusOther(r.histograms)
	r.form("prometheus", "concierge", newApplication(r.tb, "text/plain; version=0.0.4", fixture.Prometheus(r.histograms)),
		pusher{push: "rules: []"}, samples*9/10)
	r.form("document", "concierge-document", newApplication(r.tb, "application/json", fixture.Dropwizard(r.sets)),
		pusher{zabbix: "payload: document"}, 1)
	r.form("17 values", "concierge", newApplication(r.tb, "application/json", seventeen()), pusher{}, 17)
}

// seventeen is a small application: one timer with all its numbers, and two
// gauges.
func seventeen() string {
	return `{"version":"4.0.0","gauges":{"heap.used":{"value":123456789},"heap.usage":{"value":0.1234}},"timers":{"requests":{"count":1,` +
		`"max":0.2,"mean":0.1,"min":0.01,"p50":0.1,"p75":0.11,"p95":0.12,"p98":0.13,"p99":0.14,"p999":0.2,"stddev":0.03,` +
		`"m15_rate":1.1,"m1_rate":1.2,"m5_rate":1.3,"mean_rate":1.4,"duration_units":"seconds","rate_units":"calls/second"}}}`
}

// form measures some cycles of one form, once its items are there.
func (r *metricsRig) form(what, template string, app *application, p pusher, least int) {
	r.tb.Helper()
	r.group = newControlGroup(r.tb) // its peak is that of this form
	p.host, p.url, p.interval = newMeasuredHost(r.tb, r.zabbix, template), app.url, r.interval
	relay := newPushRelay(r.tb, r.zabbix.Addr)
	relay.least, p.servers = smallFrame, relay.addr
	began := time.Now()
	c := p.start(r.tb, r.group, r.binary)
	defer c.stop()
	relay.await(r.tb, began, 1, least, longestDiscovery, fullyTaken)
	r.steady(what, relay, app, c, r.few, least)
}
