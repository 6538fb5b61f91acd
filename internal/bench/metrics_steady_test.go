package bench

import (
	"fmt"
	"time"

	"concierge/metrics/fixture"
)

// longestDiscovery is within which the server makes the items: it reads its
// configuration once a second here.
const longestDiscovery = 5 * time.Minute

// longestHistory is within which the server has written down what it took.
const longestHistory = time.Minute

// everySteady measures cycle after cycle of an application with Dropwizard
// metrics, beginning with the discovery of its items.
func (r *metricsRig) everySteady() {
	r.tb.Helper()
	host := newMeasuredHost(r.tb, r.zabbix, "concierge")
	app := newApplication(r.tb, "application/json", fixture.Dropwizard(r.sets))
	relay := newPushRelay(r.tb, r.zabbix.Addr)
	began := time.Now()
	c := pusher{host: host, url: app.url, servers: relay.addr, interval: r.interval}.start(r.tb, r.group, r.binary)
	first := relay.await(r.tb, began, 1, r.values(), longestDiscovery, fullyTaken)
	r.found.addTime("first discovery", first[0].ended.Sub(relay.pushes(began, 1)[0].began))
	r.found.add("peak of the first cycles", c.memory(peakMemory))
	r.steady("items", relay, app, c, r.cycles, r.values())
	c.stop()
	r.history(host, len(relay.pushes(first[0].ended, r.values())))
	if r.group.usage != "" {
		r.peers(host, app)
	}
}

// steady measures so many cycles: each reading is taken halfway to the next
// one, so that all that a cycle leaves to be done belongs to it.
func (r *metricsRig) steady(what string, relay *pushRelay, app *application, c *program, cycles, least int) {
	r.tb.Helper()
	begin := time.Now()
	var before time.Duration
	for n := range cycles + 1 {
		pushed := relay.await(r.tb, begin, n+1, least, 4*r.interval+10*time.Second, anyPush)
		e := pushed[n]
		if err := pause(r.tb.Context(), time.Until(e.began.Add(r.interval/2))); err != nil {
			r.tb.Fatal(err)
		}
		used := r.group.cpu(r.tb)
		if n > 0 {
			r.found.addTime(what+": cpu, idle included", used-before)
			r.found.addTime(what+": cpu", used-before-r.idleInterval())
			r.cycle(what, e, app)
			r.found.add(what+": memory", c.memory(residentMemory))
			r.found.add(what+": memory of its own", c.memory(ownMemory))
			r.found.add(what+": memory, program's file", c.memory(fileMemory))
			r.found.add(fmt.Sprintf("%s: memory in quarter %d", what, 1+4*(n-1)/cycles), c.memory(ownMemory))
		}
		before = used
	}
	r.found.add(what+": readings per cycle", float64(len(app.since(begin)))/float64(cycles+1))
	r.found.add(what+": pushes per cycle", float64(len(relay.pushes(begin, least)))/float64(cycles+1))
	r.found.add(what+": peak", c.memory(peakMemory))
	r.found.add(what+": group peak", r.group.peakMemory(r.tb))
}

// cycle books what one exchange shows.
func (r *metricsRig) cycle(what string, e exchange, app *application) {
	if e.failed > 0 || e.frames != 1 {
		r.tb.Errorf("%s: processed: %d; failed: %d, in %d frames; want no failure in one frame", what, e.processed, e.failed, e.frames)
	}
	wall := e.ended.Sub(app.before(e.began))
	r.found.addTime(what+": wall", wall)
	r.found.addTime(what+": wall without server", wall-e.spent)
	r.found.add(what+": wire", float64(e.wire))
	r.found.add(what+": plain", float64(e.plain))
	r.found.add(what+": processed", float64(e.processed))
	r.found.add(what+": failed", float64(e.failed))
	r.found.add(what+": frames", float64(e.frames))
}

// history asks the database what it has kept until there are so many moments
// with all values: no value of a cycle has another moment, and none is lost.
func (r *metricsRig) history(host string, moments int) {
	r.tb.Helper()
	query := fmt.Sprintf(`select count(*) from history join items using (itemid) join hosts using (hostid)
		where host = '%s' and key_ like 'app.%%' group by clock, ns having count(*) = %d`, host, r.values())
	limit := time.Now().Add(longestHistory)
	var whole int
	for whole < moments && time.Now().Before(limit) {
		if err := pause(r.tb.Context(), time.Second); err != nil {
			r.tb.Fatal(err)
		}
		whole = len(r.zabbix.SQL(query))
	}
	r.found.add("history: moments with all values", float64(whole))
	if whole < moments {
		r.tb.Errorf("the history has %d moments with all %d values, want %d", whole, r.values(), moments)
	}
}
