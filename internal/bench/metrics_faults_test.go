package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"concierge/metrics/fixture"
)

const (
	beatEvery = 2 * time.Second
	// hungInterval is from one cycle to the next while the server hangs.
	hungInterval = 200 * time.Millisecond
	// hungSets are those of the application meanwhile: its snapshots fill the
	// buffer of 100,000 values within the first tenth of the cycles.
	hungSets = 30
)

// heartbeats measures how far off its time each heartbeat is while every push
// hangs and all templates are rendered again and again, and how long the last
// words take.
func (r *metricsRig) heartbeats() {
	r.tb.Helper()
	app := newApplication(r.tb, "application/json", fixture.Dropwizard(r.sets))
	relay := newPushRelay(r.tb, r.zabbix.Addr)
	relay.be(silent)
	keys, templates := r.manyTemplates()
	p := pusher{host: newMeasuredHost(r.tb, r.zabbix, "concierge"), url: app.url, servers: relay.addr,
		interval: r.interval, timeout: r.interval, heartbeat: beatEvery, more: templates}
	began := time.Now()
	c := p.start(r.tb, r.group, r.binary)
	first := relay.await(r.tb, began, 1, 1, longestDiscovery, anyPush)[0].began
	for n := range r.beats {
		writeFile(r.tb, filepath.Join(keys, "shared"), fmt.Sprint("value ", n))
		if err := pause(r.tb.Context(), beatEvery); err != nil {
			r.tb.Fatal(err)
		}
	}
	all := relay.await(r.tb, began, r.beats, 1, longestDiscovery, anyPush)
	for n := range r.beats { // there are others, out of turn, when the process starts again
		off := time.Hour
		for _, e := range all {
			late := e.began.Sub(first) - time.Duration(n)*beatEvery
			off = min(off, max(late, -late))
		}
		r.found.addTime("heartbeat: off its time", off)
	}
	for range r.ends - 1 {
		r.lastWords(c, relay, "with a server that hangs on pushes")
		c = r.startAgain(p, relay)
	}
	r.lastWords(c, relay, "with a server that hangs on pushes")
	c = r.startAgain(p, relay)
	relay.away()
	r.lastWords(c, nil, "without a server")
}

// startAgain starts concierge and waits for its first heartbeat.
func (r *metricsRig) startAgain(p pusher, relay *pushRelay) *program {
	r.tb.Helper()
	again := time.Now()
	c := p.start(r.tb, r.group, r.binary)
	relay.await(r.tb, again, 1, 1, longestDiscovery, anyPush)
	return c
}

// manyTemplates writes templates that all use one key.
func (r *metricsRig) manyTemplates() (keys, config string) {
	r.tb.Helper()
	dir := r.tb.TempDir()
	keys = filepath.Join(dir, "keys")
	if err := os.Mkdir(keys, 0o755); err != nil {
		r.tb.Fatal(err)
	}
	writeFile(r.tb, filepath.Join(keys, "shared"), "first")
	var b strings.Builder
	fmt.Fprintf(&b, "sources:\n  file: {path: %s}\ntemplates:\n", keys)
	for n := range r.templates {
		source := filepath.Join(dir, fmt.Sprintf("%05d.ctmpl", n))
		writeFile(r.tb, source, `{{ key "shared" }}`)
		fmt.Fprintf(&b, "  - {source: %s, destination: %s}\n", source, strings.TrimSuffix(source, ".ctmpl"))
	}
	return keys, b.String()
}

// lastWords kills the process and measures until its last words have arrived, if
// there is a server for them, and until concierge has ended.
func (r *metricsRig) lastWords(c *program, relay *pushRelay, how string) {
	r.tb.Helper()
	child := childOf(r.tb, c.cmd.Process.Pid)
	began := time.Now()
	if err := syscall.Kill(child, syscall.SIGKILL); err != nil {
		r.tb.Fatal(err)
	}
	<-c.done
	r.found.addTime("last words "+how+": end of concierge", time.Since(began))
	if relay == nil {
		return
	}
	for _, e := range relay.pushes(began, 1) {
		if e.last {
			r.found.addTime("last words "+how, e.ended.Sub(began))
			return
		}
	}
	r.tb.Errorf("no last words have arrived %s", how)
}

// hungServer runs many cycles with a server that takes everything and says nothing,
// and then lets it answer.
func (r *metricsRig) hungServer() {
	r.tb.Helper()
	app := newApplication(r.tb, "application/json", fixture.Dropwizard(hungSets))
	relay := newPushRelay(r.tb, r.zabbix.Addr)
	relay.be(silent)
	c := pusher{host: newMeasuredHost(r.tb, r.zabbix, "concierge"), url: app.url, servers: relay.addr,
		interval: hungInterval, timeout: hungInterval / 2}.start(r.tb, r.group, r.binary)
	begin := time.Now()
	for n := range 10 {
		if err := pause(r.tb.Context(), time.Duration(r.hung)*hungInterval/10); err != nil {
			r.tb.Fatal(err)
		}
		r.found.add(fmt.Sprintf("hung: memory after %d tenths", n+1), c.memory(residentMemory))
	}
	r.found.add("hung: cycles", float64(len(app.since(begin))))
	r.found.add("hung: peak", c.memory(peakMemory))
	relay.be(nil)
	again := time.Now()
	sets := hungSets * fixture.DropwizardNumbers
	waited := min(r.hung-2, 100_000/sets-1)
	relay.await(r.tb, again, waited, sets, longestDiscovery, anyPush)
	r.found.add("hung: pushes that were made up for", float64(waited))
	r.found.add("hung: peak when they were", c.memory(peakMemory))
}
