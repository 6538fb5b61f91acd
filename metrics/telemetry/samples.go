package telemetry

import (
	dto "github.com/prometheus/client_model/go"

	"concierge/metrics"
)

// Samples appends all metrics. Of a histogram there are count and sum: buckets
// are for those who scrape.
func (t *Telemetry) Samples(samples []metrics.Sample) []metrics.Sample {
	if t == nil {
		return samples
	}
	families, _ := t.gather() // what could not be gathered is missing, the rest is right
	for _, f := range families {
		for _, m := range f.GetMetric() {
			samples = appendMetric(samples, f, m)
		}
	}
	return samples
}

func appendMetric(samples []metrics.Sample, f *dto.MetricFamily, m *dto.Metric) []metrics.Sample {
	s := metrics.Sample{Name: f.GetName(), Labels: labelsOf(m)}
	switch f.GetType() {
	case dto.MetricType_COUNTER:
		s.Group, s.Kind, s.Value = string(Counter), metrics.Counter, m.GetCounter().GetValue()
	case dto.MetricType_GAUGE:
		s.Group, s.Value = string(Gauge), m.GetGauge().GetValue()
	case dto.MetricType_HISTOGRAM:
		s.Group, s.Kind = string(Histogram), metrics.Counter
		count := s
		count.Name, count.Value = s.Name+"_count", float64(m.GetHistogram().GetSampleCount())
		samples = append(samples, count)
		s.Name, s.Value = s.Name+"_sum", m.GetHistogram().GetSampleSum()
	default:
		return samples // there is no other kind in this package
	}
	return append(samples, s)
}

// labelsOf returns the labels, which the registry has sorted by name.
func labelsOf(m *dto.Metric) []metrics.Label {
	if len(m.GetLabel()) == 0 {
		return nil
	}
	labels := make([]metrics.Label, 0, len(m.GetLabel()))
	for _, l := range m.GetLabel() {
		labels = append(labels, metrics.Label{Name: l.GetName(), Value: l.GetValue()})
	}
	return labels
}
