package telemetry

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// secretMetrics are about credentials that end.
type secretMetrics struct {
	logins, renewals   *prometheus.CounterVec
	expiry, held, soon *prometheus.GaugeVec
}

func newSecretMetrics(m *maker) secretMetrics {
	return secretMetrics{
		logins:   m.counter("concierge_auth_logins_total", "Logins by result: ok or error.", "source", "result"),
		expiry:   m.gauge("concierge_auth_expiry_timestamp_seconds", "When the token in use ends, in seconds since 1970; +Inf if it does not, or if that is not known.", "source"),
		held:     m.gauge("concierge_leases", "Leases that are held.", "source"),
		renewals: m.counter("concierge_lease_renewals_total", "Renewals of leases and of the token by result: ok or error.", "source", "result"),
		soon:     m.gauge("concierge_lease_next_expiry_timestamp_seconds", "When the first of the leases ends, in seconds since 1970; +Inf without one.", "source"),
	}
}

// begin makes the series of a source that has secrets or logs in.
func (s secretMetrics) begin(name, kind string) {
	if kind == "vault" || kind == "etcd" {
		s.logins.WithLabelValues(name, ok)
		s.logins.WithLabelValues(name, failure)
	}
	if kind != "vault" {
		return
	}
	for _, g := range []*prometheus.GaugeVec{s.expiry, s.soon} {
		g.WithLabelValues(name).Set(math.Inf(1))
	}
	s.held.WithLabelValues(name)
	s.renewals.WithLabelValues(name, ok)
	s.renewals.WithLabelValues(name, failure)
}

// requested takes what requests say of logins and renewals.
func (s secretMetrics) requested(name, op, result string) {
	if result != ok {
		result = failure
	}
	switch op {
	case opLogin:
		s.logins.WithLabelValues(name, result).Inc()
	case opRenew:
		s.renewals.WithLabelValues(name, result).Inc()
	}
}

// TokenEnds notes when the token of a source ends; zero is never.
func (t *Telemetry) TokenEnds(source string, at time.Time) {
	if t == nil {
		return
	}
	if name, known := t.sources.label(source); known {
		t.secret.expiry.WithLabelValues(name).Set(ending(at))
	}
}

// Leases notes how many leases of a source are held and when the first of them
// ends; zero is never.
func (t *Telemetry) Leases(source string, held int, first time.Time) {
	if t == nil {
		return
	}
	if name, known := t.sources.label(source); known {
		t.secret.held.WithLabelValues(name).Set(float64(held))
		t.secret.soon.WithLabelValues(name).Set(ending(first))
	}
}

func ending(at time.Time) float64 {
	if at.IsZero() {
		return math.Inf(1)
	}
	return unix(at)
}
