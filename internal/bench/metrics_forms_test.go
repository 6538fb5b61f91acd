package bench

import (
	"time"

	"concierge/metrics/fixture"
)

// prometheusForm measures a Prometheus text with all its buckets. The discovery
// of 34,000 series keeps a server of Zabbix 6.0 busy for minutes.
func (r *metricsRig) prometheusForm() {
	r.tb.Helper()
	samples := r.histograms*fixture.HistogramSamples + fixture.PrometheusOther(r.histograms)
	app := newApplication(r.tb, "text/plain; version=0.0.4", fixture.Prometheus(r.histograms))
	r.form("prometheus", app, pusher{host: newMeasuredHost(r.tb, r.zabbix, "concierge"), push: "rules: []"}, samples*9/10)
}

// documentForm measures a document as a whole, at which only the server looks. It
// is the last part: the server is busy for many minutes with the items of a
// document of this size.
func (r *metricsRig) documentForm() {
	r.tb.Helper()
	app := newApplication(r.tb, "application/json", fixture.Dropwizard(r.sets))
	r.form("document", app, pusher{
		host: newMeasuredHost(r.tb, r.zabbix, "concierge-document"), collect: ", format: none", zabbix: "payload: document"}, 1)
}

// smallForm measures an application with 17 values.
func (r *metricsRig) smallForm() {
	r.tb.Helper()
	r.form("17 values", newApplication(r.tb, "application/json", seventeen()), pusher{host: newMeasuredHost(r.tb, r.zabbix, "concierge")}, 17)
}

// seventeen is a small application: one timer with all its numbers, and two
// gauges.
func seventeen() string {
	return `{"version":"4.0.0","gauges":{"heap.used":{"value":123456789},"heap.usage":{"value":0.1234}},"timers":{"requests":{"count":1,` +
		`"max":0.2,"mean":0.1,"min":0.01,"p50":0.1,"p75":0.11,"p95":0.12,"p98":0.13,"p99":0.14,"p999":0.2,"stddev":0.03,` +
		`"m15_rate":1.1,"m1_rate":1.2,"m5_rate":1.3,"mean_rate":1.4,"duration_units":"seconds","rate_units":"calls/second"}}}`
}

// form measures some cycles of one form, once its items are there.
func (r *metricsRig) form(what string, app *application, p pusher, least int) {
	r.tb.Helper()
	relay := newPushRelay(r.tb, r.zabbix.Addr)
	relay.least, p.servers, p.url, p.interval = smallFrame, relay.addr, app.url, r.interval
	began := time.Now()
	c := p.start(r.tb, r.group, r.binary)
	defer c.stop()
	first := relay.await(r.tb, began, 1, least, 2*longestDiscovery, fullyTaken)
	r.found.addTime(what+": first discovery", first[0].ended.Sub(began))
	r.found.add(what+": peak of the first cycles", c.memory(peakMemory))
	r.steady(what, relay, app, c, r.few, least)
}
