package telemetry

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The operations of sources.
const (
	opGet   = "get"
	opList  = "list"
	opWatch = "watch"
	opWrite = "write"
	opLogin = "login"
	opRenew = "renew"
)

// operations are what the kinds of sources ask their stores for.
var operations = map[string][]string{
	"consul": {opGet, opList, opWatch},
	"etcd":   {opGet, opWatch, opLogin},
	"vault":  {opGet, opList, opWrite, opLogin, opRenew},
	"file":   {opGet},
}

// results are what can become of a request.
var results = []string{ok, "missing", "denied", "throttled", "timeout", failure}

// reconnectReasons are why a stream of changes had to be begun anew.
var reconnectReasons = []string{"lost", "compacted", "leader", "auth"}

// likely reports whether a combination is to be there from the start: a login
// finds nothing missing, and a file is neither throttled nor slow to answer.
func likely(kind, op, result string) bool {
	switch {
	case result == "missing":
		return op == opGet && kind != "etcd" && kind != "file" || op == opList
	case result == "throttled":
		return (kind == "consul" || kind == "vault") && op != opWatch
	case kind == "file":
		return result == ok || result == failure
	}
	return true
}

// sourceMetrics are about the stores.
type sourceMetrics struct {
	up, retry, watched, missing   *prometheus.GaugeVec
	requests, changes, reconnects *prometheus.CounterVec
	took                          *prometheus.HistogramVec
	staleness                     *ages
}

func newSourceMetrics(m *maker) sourceMetrics {
	s := sourceMetrics{
		up:         m.gauge("concierge_source_up", "1 if the source answers, 0 while it is away; kind is consul, etcd, vault or file.", "source", "kind"),
		requests:   m.counter("concierge_source_requests_total", "Requests by operation (get, list, watch, write, login, renew) and result (ok, missing, denied, throttled, timeout, error).", "source", "op", "result"),
		took:       m.histogram("concierge_source_request_duration_seconds", "Time of requests, without watches, which wait for a change.", nil, "source", "op"),
		changes:    m.counter("concierge_source_changes_total", "Changes of values that the source has reported.", "source"),
		reconnects: m.counter("concierge_source_reconnects_total", "Streams of changes begun anew, by reason: lost, compacted, leader or auth.", "source", "reason"),
		staleness:  newAges(m, "concierge_source_staleness_seconds", "0 while the source answers, else the time since it went away: outputs are as old as that.", "source"),
		retry:      m.gauge("concierge_source_retry_delay_seconds", "Pause before the next attempt to reach the source; 0 while it answers.", "source"),
		watched:    m.gauge("concierge_source_watched_keys", "Keys, prefixes and other queries that templates want of the source.", "source"),
		missing:    m.gauge("concierge_source_missing_keys", "Of these, those that the source says do not exist.", "source"),
	}
	m.vectors["source"] = append(m.vectors["source"], s.staleness)
	return s
}

// begin makes the series of a source.
func (s sourceMetrics) begin(name, kind string) {
	for _, g := range []*prometheus.GaugeVec{s.retry, s.watched, s.missing} {
		g.WithLabelValues(name)
	}
	s.up.WithLabelValues(name, kind)
	s.staleness.begin(name)
	s.changes.WithLabelValues(name)
	for _, reason := range reconnectReasons {
		s.reconnects.WithLabelValues(name, reason)
	}
	for _, op := range operations[kind] {
		if op != opWatch {
			s.took.WithLabelValues(name, op)
		}
		for _, result := range results {
			if likely(kind, op, result) {
				s.requests.WithLabelValues(name, op, result)
			}
		}
	}
}

// Requested notes a request of a source: what it was for (get, list, watch,
// write, login, renew), what became of it (ok, missing, denied, throttled,
// timeout, error), and how long it took.
func (t *Telemetry) Requested(source, op, result string, took time.Duration) {
	if t == nil {
		return
	}
	name, known := t.sources.label(source)
	if !known || !slices.Contains(results, result) {
		return
	}
	t.source.requests.WithLabelValues(name, op, result).Inc()
	if op != opWatch {
		t.source.took.WithLabelValues(name, op).Observe(took.Seconds())
	}
	t.secret.requested(name, op, result)
}

// Changed notes how many values a source has reported as changed.
func (t *Telemetry) Changed(source string, values int) {
	if t == nil {
		return
	}
	if name, known := t.sources.label(source); known {
		t.source.changes.WithLabelValues(name).Add(float64(values))
	}
}

// Reconnected notes that a stream of changes was begun anew, because it was
// lost, compacted, without a leader, or not allowed any more (auth).
func (t *Telemetry) Reconnected(source, reason string) {
	if t == nil {
		return
	}
	if name, known := t.sources.label(source); known && slices.Contains(reconnectReasons, reason) {
		t.source.reconnects.WithLabelValues(name, reason).Inc()
	}
}

// Retries notes the pause before a source is asked again.
func (t *Telemetry) Retries(source string, pause time.Duration) {
	if t == nil {
		return
	}
	if name, known := t.sources.label(source); known {
		t.source.retry.WithLabelValues(name).Set(pause.Seconds())
	}
}

// SourceState is how a source is.
type SourceState struct {
	Source
	Up      bool
	Away    time.Time // since when; zero: it answers, or is asked for the first time
	Watched int
	Missing int
}

// Sources notes how the sources are.
func (t *Telemetry) Sources(states []SourceState) {
	if t == nil {
		return
	}
	for _, s := range states {
		name, known := t.sources.label(s.Name)
		if !known {
			continue
		}
		up := 0.0
		if s.Up {
			up = 1
			t.source.retry.WithLabelValues(name).Set(0)
		}
		t.source.up.WithLabelValues(name, s.Kind).Set(up)
		t.source.staleness.set(name, s.Away)
		t.source.watched.WithLabelValues(name).Set(float64(s.Watched))
		t.source.missing.WithLabelValues(name).Set(float64(s.Missing))
	}
}

// ages is a gauge of times that pass.
type ages struct {
	desc  *prometheus.Desc
	label string

	mu    sync.Mutex
	since map[string]time.Time // guarded by mu; zero is an age of 0
}

func newAges(m *maker, name, help, label string) *ages {
	a := &ages{desc: m.collected(name, help, label), label: label, since: make(map[string]time.Time)}
	m.registry.MustRegister(a)
	return a
}

// begin makes the series of a name, if it is new.
func (a *ages) begin(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, there := a.since[name]; !there {
		a.since[name] = time.Time{}
	}
}

func (a *ages) set(name string, since time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.since[name] = since
}

// DeletePartialMatch implements forgetter.
func (a *ages) DeletePartialMatch(labels prometheus.Labels) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := len(a.since)
	delete(a.since, labels[a.label])
	return before - len(a.since)
}

// Describe implements [prometheus.Collector].
func (a *ages) Describe(descs chan<- *prometheus.Desc) { descs <- a.desc }

// Collect implements [prometheus.Collector].
func (a *ages) Collect(values chan<- prometheus.Metric) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, since := range a.since {
		age := 0.0
		if !since.IsZero() {
			age = max(0, time.Since(since).Seconds())
		}
		values <- prometheus.MustNewConstMetric(a.desc, prometheus.GaugeValue, age, name)
	}
}
