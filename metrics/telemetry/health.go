package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// CheckState is what a health check says.
type CheckState struct {
	Name     string
	Healthy  bool
	Failures int // in a row
}

// healthMetrics ask for the state of the checks when they are collected: each
// probe of each program would be too often to be told.
type healthMetrics struct {
	healthy, failures *prometheus.Desc
	look              *atomic.Pointer[func() []CheckState]
}

func newHealthMetrics(m *maker) healthMetrics {
	h := healthMetrics{
		healthy:  m.collected("concierge_check_healthy", "1 if the last verdict of the health check was good, else 0; checks are named process.health, process.readiness, NAME.health and NAME.readiness.", "check"),
		failures: m.collected("concierge_check_consecutive_failures", "Failures of the health check in a row; 0 after a success.", "check"),
		look:     new(atomic.Pointer[func() []CheckState]),
	}
	m.registry.MustRegister(h)
	return h
}

// Checks makes look say how the health checks are. It is called at each
// collection, concurrently, and must not block.
func (t *Telemetry) Checks(look func() []CheckState) {
	if t != nil {
		t.health.look.Store(&look)
	}
}

// Describe implements [prometheus.Collector].
func (h healthMetrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- h.healthy
	descs <- h.failures
}

// Collect implements [prometheus.Collector].
func (h healthMetrics) Collect(values chan<- prometheus.Metric) {
	look := h.look.Load()
	if look == nil {
		return
	}
	for _, c := range (*look)() {
		healthy := 0.0
		if c.Healthy {
			healthy = 1
		}
		values <- prometheus.MustNewConstMetric(h.healthy, prometheus.GaugeValue, healthy, c.Name)
		values <- prometheus.MustNewConstMetric(h.failures, prometheus.GaugeValue, float64(c.Failures), c.Name)
	}
}
