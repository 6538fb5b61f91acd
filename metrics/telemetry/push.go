package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"concierge/metrics"
)

// The results of deliveries.
const (
	pushPartial = "partial" // delivered, and some values were rejected
	pushFailed  = "failed"
	pushTimeout = "timeout"
	pushSkipped = "skipped" // waited for too long
)

// The outcomes of values.
const (
	valueAccepted   = "accepted"
	valueRejected   = "rejected"
	valueFiltered   = "filtered"
	valueNotNumeric = "not_numeric"
	valueDropped    = "dropped"
)

// pushMetrics are about the delivery of metrics.
type pushMetrics struct {
	cycles, values, bytes, server, failovers, sends, beats *prometheus.CounterVec
	took                                                   *prometheus.HistogramVec
	status, success, entities                              *prometheus.GaugeVec
}

func newPushMetrics(m *maker) pushMetrics {
	return pushMetrics{
		cycles:    m.counter("concierge_push_cycles_total", "Deliveries by result: ok, partial (some values were rejected), failed, timeout, skipped (waited for too long).", "target", "result"),
		took:      m.histogram("concierge_push_duration_seconds", "Time of deliveries by stage: connect, send, wait (for the answer), as far as the target knows, and total.", nil, "target", "stage"),
		values:    m.counter("concierge_push_values_total", "Values by outcome: accepted, rejected (both as far as the target says), filtered (not finite, or no name for it), not_numeric, dropped (waited for too long).", "target", "outcome"),
		bytes:     m.counter("concierge_push_bytes_total", "Bytes of deliveries, before (plain) and after (wire) compression.", "target", "form"),
		status:    m.gauge("concierge_push_last_status", "Verdict on the last delivery: 1 ok, 0 failure, -1 no answer in time.", "target"),
		success:   m.gauge("concierge_push_last_success_timestamp_seconds", "When a delivery succeeded last, in seconds since 1970; 0 if none did.", "target"),
		server:    m.counter("concierge_push_server_seconds_total", "Time that the target says it has spent on deliveries.", "target"),
		failovers: m.counter("concierge_push_failovers_total", "Addresses of the target that were tried in vain by reason: refused, timeout or redirect.", "target", "reason"),
		entities:  m.gauge("concierge_discovery_entities", "Metrics that were announced to the target.", "target"),
		sends:     m.counter("concierge_discovery_sends_total", "Announcements by result: ok or error.", "target", "result"),
		beats:     m.counter("concierge_heartbeats_total", "Heartbeats by result: ok, failed or timeout.", "target", "result"),
	}
}

func (p pushMetrics) begin(name string) {
	for _, result := range []string{ok, pushPartial, pushFailed, pushTimeout, pushSkipped} {
		p.cycles.WithLabelValues(name, result)
	}
	for _, outcome := range []string{valueAccepted, valueRejected, valueFiltered, valueNotNumeric, valueDropped} {
		p.values.WithLabelValues(name, outcome)
	}
	for _, form := range []string{"plain", "wire"} {
		p.bytes.WithLabelValues(name, form)
	}
	for _, result := range []string{ok, failure} {
		p.sends.WithLabelValues(name, result)
	}
	for _, result := range []string{ok, pushFailed, pushTimeout} {
		p.beats.WithLabelValues(name, result)
	}
	p.spent(name, metrics.Stages{}, func(prometheus.Observer, time.Duration) {}) // it makes them
	p.took.WithLabelValues(name, "total")
	p.failed(name, metrics.Failovers{})
	p.server.WithLabelValues(name)
	for _, g := range []*prometheus.GaugeVec{p.status, p.success, p.entities} {
		g.WithLabelValues(name)
	}
}

// pushResult is the verdict on a delivery, as a word and a number.
func pushResult(r metrics.Receipt, err error) (result string, status float64) {
	switch {
	case err != nil && metrics.Elapsed(0, err) < 0:
		return pushTimeout, -1
	case err != nil:
		return pushFailed, 0
	case r.Rejected > r.Learning:
		return pushPartial, 1
	}
	return ok, 1
}

// Pushed notes a delivery.
func (t *Telemetry) Pushed(target string, r metrics.Receipt, took time.Duration, err error) {
	if t == nil {
		return
	}
	name, known := t.targets.label(target)
	if !known {
		return
	}
	p := t.push
	result, status := pushResult(r, err)
	p.cycles.WithLabelValues(name, result).Inc()
	p.took.WithLabelValues(name, "total").Observe(took.Seconds())
	p.status.WithLabelValues(name).Set(status)
	if err == nil {
		p.success.WithLabelValues(name).Set(unix(time.Now()))
	}
	p.receipt(name, r)
}

// receipt takes what became of the values.
func (p pushMetrics) receipt(name string, r metrics.Receipt) {
	for outcome, n := range map[string]int{
		valueAccepted: r.Accepted, valueRejected: r.Rejected, valueFiltered: r.Filtered, valueNotNumeric: r.NotNumeric,
	} {
		p.values.WithLabelValues(name, outcome).Add(float64(n))
	}
	p.bytes.WithLabelValues(name, "plain").Add(float64(r.PlainBytes))
	p.bytes.WithLabelValues(name, "wire").Add(float64(r.WireBytes))
	p.server.WithLabelValues(name).Add(r.Server.Seconds())
	p.failed(name, r.Failovers)
	p.spent(name, r.Stages, func(stage prometheus.Observer, took time.Duration) {
		if took > 0 {
			stage.Observe(took.Seconds())
		}
	})
	p.entities.WithLabelValues(name).Set(float64(r.Announced.Entities))
	switch a := r.Announced; {
	case a.Sent && a.Taken:
		p.sends.WithLabelValues(name, ok).Inc()
	case a.Sent:
		p.sends.WithLabelValues(name, failure).Inc()
	}
}

// spent calls do for each stage of a delivery.
func (p pushMetrics) spent(name string, s metrics.Stages, do func(stage prometheus.Observer, took time.Duration)) {
	do(p.took.WithLabelValues(name, "connect"), s.Connect)
	do(p.took.WithLabelValues(name, "send"), s.Send)
	do(p.took.WithLabelValues(name, "wait"), s.Wait)
}

// failed counts the addresses that were tried in vain.
func (p pushMetrics) failed(name string, f metrics.Failovers) {
	p.failovers.WithLabelValues(name, "refused").Add(float64(f.Refused))
	p.failovers.WithLabelValues(name, "timeout").Add(float64(f.TimedOut))
	p.failovers.WithLabelValues(name, "redirect").Add(float64(f.Redirected))
}

// Dropped notes values that waited for too long, of one delivery.
func (t *Telemetry) Dropped(target string, samples int) {
	if t == nil {
		return
	}
	if name, known := t.targets.label(target); known {
		t.push.cycles.WithLabelValues(name, pushSkipped).Inc()
		t.push.values.WithLabelValues(name, valueDropped).Add(float64(samples))
	}
}

// Beat notes a heartbeat.
func (t *Telemetry) Beat(target string, err error) {
	if t == nil {
		return
	}
	if name, known := t.targets.label(target); known {
		result, _ := pushResult(metrics.Receipt{}, err)
		t.push.beats.WithLabelValues(name, result).Inc()
	}
}
