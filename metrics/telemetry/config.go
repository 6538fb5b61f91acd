package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// configMetrics are about concierge's own configuration.
type configMetrics struct {
	success, at *prometheus.GaugeVec
	loads       *prometheus.CounterVec
}

func newConfigMetrics(m *maker) configMetrics {
	c := configMetrics{
		success: m.gauge("concierge_config_last_load_success", "1 if the last load of concierge's own configuration succeeded, else 0; the previous one is in force then."),
		at:      m.gauge("concierge_config_last_load_timestamp_seconds", "When the configuration in force was loaded, in seconds since 1970."),
		loads:   m.counter("concierge_config_loads_total", "Loads of concierge's own configuration by result: ok or error.", "result"),
	}
	c.success.WithLabelValues()
	c.at.WithLabelValues()
	for _, result := range []string{ok, failure} {
		c.loads.WithLabelValues(result)
	}
	return c
}

// The results of what has only two.
const (
	ok      = "ok"
	failure = "error"
)

func resultOf(err error) string {
	if err != nil {
		return failure
	}
	return ok
}

// Loaded notes that the configuration was read.
func (t *Telemetry) Loaded(at time.Time, err error) {
	if t == nil {
		return
	}
	t.config.loads.WithLabelValues(resultOf(err)).Inc()
	if err != nil {
		t.config.success.WithLabelValues().Set(0)
		return
	}
	t.config.success.WithLabelValues().Set(1)
	t.config.at.WithLabelValues().Set(unix(at))
}
