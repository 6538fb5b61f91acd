package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"concierge/metrics"
	"concierge/metrics/collect/endpoint"
)

// scrapeMetrics are about the reading of the application's metrics.
type scrapeMetrics struct {
	took, samples, size *prometheus.GaugeVec
	errors              *prometheus.CounterVec
}

func newScrapeMetrics(m *maker) scrapeMetrics {
	return scrapeMetrics{
		took:    m.gauge("concierge_scrape_duration_seconds", "Time of the last reading of the endpoint.", "endpoint"),
		samples: m.gauge("concierge_scrape_samples", "Values of the last reading of the endpoint; 0 if it failed.", "endpoint"),
		size:    m.gauge("concierge_scrape_body_bytes", "Size of the last answer of the endpoint, inflated; 0 if there was none.", "endpoint"),
		errors:  m.counter("concierge_scrape_errors_total", "Readings that failed by reason: connect, status, timeout, parse or too_big.", "endpoint", "reason"),
	}
}

func (s scrapeMetrics) begin(name string) {
	s.took.WithLabelValues(name)
	s.samples.WithLabelValues(name)
	s.size.WithLabelValues(name)
	for _, r := range []endpoint.Reason{endpoint.Unreachable, endpoint.Refused, endpoint.TimedOut, endpoint.Unreadable, endpoint.TooBig} {
		s.errors.WithLabelValues(name, string(r))
	}
}

// Scraped notes a reading of an endpoint.
func (t *Telemetry) Scraped(source string, r metrics.Reading) {
	if t == nil {
		return
	}
	name, known := t.endpoints.label(source)
	if !known {
		return
	}
	if r.Err != nil {
		t.scrape.errors.WithLabelValues(name, string(endpoint.ReasonOf(r.Err))).Inc()
	}
	t.scrape.took.WithLabelValues(name).Set(r.Took.Seconds())
	t.scrape.samples.WithLabelValues(name).Set(float64(r.Samples))
	t.scrape.size.WithLabelValues(name).Set(float64(r.Bytes))
}
