package telemetry

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is what a metric is to those who scrape it.
type Type string

// The types.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Info describes one metric.
type Info struct {
	Name   string
	Type   Type
	Labels []string
	Help   string // one sentence
}

// Metrics lists all metrics in the order of their subjects.
func Metrics() []Info { return slices.Clone(New(Build{}).infos) }

// Native histograms tell scrapers that know them the distribution; others see
// the classic buckets, and count and sum where there are none. One series more
// for each bucket of each template would be too many.
const (
	nativeFactor  = 1.2
	nativeBuckets = 100
	nativeReset   = time.Hour
)

// forgetter has the series of one metric.
type forgetter interface {
	DeletePartialMatch(prometheus.Labels) int
}

// maker makes metrics and keeps their list.
type maker struct {
	registry *prometheus.Registry
	infos    []Info
	vectors  map[string][]forgetter // by the label that is a name of the configuration
}

func newMaker() *maker {
	return &maker{registry: prometheus.NewPedanticRegistry(), vectors: make(map[string][]forgetter)}
}

// list notes that there is a metric.
func (m *maker) list(t Type, name, help string, labels []string) {
	m.infos = append(m.infos, Info{Name: name, Type: t, Labels: labels, Help: help})
}

func (m *maker) keep(labels []string, v forgetter, c prometheus.Collector) {
	m.registry.MustRegister(c) // a clash is a mistake in this package
	if len(labels) > 0 {
		m.vectors[labels[0]] = append(m.vectors[labels[0]], v)
	}
}

func (m *maker) counter(name, help string, labels ...string) *prometheus.CounterVec {
	m.list(Counter, name, help, labels)
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.keep(labels, v, v)
	return v
}

func (m *maker) gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	m.list(Gauge, name, help, labels)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.keep(labels, v, v)
	return v
}

func (m *maker) histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	m.list(Histogram, name, help, labels)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: name, Help: help, Buckets: buckets, NativeHistogramBucketFactor: nativeFactor,
		NativeHistogramMaxBucketNumber: nativeBuckets, NativeHistogramMinResetDuration: nativeReset,
	}, labels)
	m.keep(labels, v, v)
	return v
}

// collected lists gauges whose values are worked out when they are asked for.
func (m *maker) collected(name, help string, labels ...string) *prometheus.Desc {
	m.list(Gauge, name, help, labels)
	return prometheus.NewDesc(name, help, labels, nil)
}

// foreign lists metrics of the runtime.
func (m *maker) foreign(t Type, name, help string) { m.list(t, name, help, nil) }

// forget removes the series of a name.
func (m *maker) forget(label, value string) {
	for _, v := range m.vectors[label] {
		v.DeletePartialMatch(prometheus.Labels{label: value})
	}
}

// unix is a moment as the metrics tell it: seconds since 1970.
func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
