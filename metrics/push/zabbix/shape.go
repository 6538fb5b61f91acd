package zabbix

import (
	"unicode/utf8"

	"concierge/metrics"
)

// kind is a sort of metric with a discovery rule of its own, PREFIX.discovery[rule],
// and keys PREFIX.key[…].
type kind struct {
	rule, key string
	only      string // the field that is left out, as the metric has only this one
	labels    bool   // the second parameter is the labels, and there is none for a field
}

// The groups of Dropwizard metrics are kinds; everything else is a series.
func dropwizardKinds() map[string]kind {
	return map[string]kind{
		"gauges":     {rule: "gauges", key: "gauge", only: "value"},
		"counters":   {rule: "counters", key: "counter", only: "count"},
		"histograms": {rule: "histograms", key: "histogram"},
		"meters":     {rule: "meters", key: "meter"},
		"timers":     {rule: "timers", key: "timer"},
	}
}

// shape makes the keys of samples.
//
//	PREFIX.gauge[name]           PREFIX.counter[name]
//	PREFIX.histogram[name,p99]   PREFIX.meter[name,count]   PREFIX.timer[name,p99]
//	PREFIX.series[name,labels]   for everything else, and for what has labels
//	PREFIX.text[name,labels]     for texts
//
// Labels are one parameter: code="200",method="GET", in the order of their
// names. So an item prototype fits series with any number of labels, and no two
// series have the same key.
type shape struct {
	prefix string
	kinds  map[string]kind
	plain  map[string]bool
}

func newShape(prefix string, plain []string) shape {
	s := shape{prefix: prefix, kinds: dropwizardKinds(), plain: make(map[string]bool)}
	for _, group := range plain {
		s.plain[group] = true
	}
	return s
}

// isPlain reports whether the name of the sample is its key.
func (s shape) isPlain(m *metrics.Sample) bool {
	return len(m.Labels) == 0 && s.plain[m.Group]
}

// kindOf returns the kind of a sample that is not plain.
func (s shape) kindOf(m *metrics.Sample) kind {
	if m.Kind == metrics.Text {
		return kind{rule: "texts", key: "text", labels: true}
	}
	if k, ok := s.kinds[m.Group]; ok && len(m.Labels) == 0 {
		return k
	}
	return kind{rule: "series", key: "series", labels: true}
}

// fielded reports whether all fields of a metric of this group are one row.
func (s shape) fielded(group string) bool {
	_, ok := s.kinds[group]
	return ok
}

// appendKey appends the key of the sample, or reports false if it has none that
// the server could make, too.
func (s shape) appendKey(key []byte, m *metrics.Sample) ([]byte, bool) {
	if s.isPlain(m) {
		return appendPlainKey(key, m)
	}
	begin := len(key)
	k := s.kindOf(m)
	key = append(append(key, s.prefix...), '.')
	key = append(append(key, k.key...), '[')
	ok := true
	if k.labels {
		key, ok = appendSeries(key, m)
	} else {
		key, ok = appendMetric(key, m, k)
	}
	key = append(key, ']')
	return key, ok && fits(key[begin:])
}

func appendMetric(key []byte, m *metrics.Sample, k kind) ([]byte, bool) {
	key, ok := appendParam(key, m.Name)
	if !ok || m.Field == "" || m.Field == k.only {
		return key, ok
	}
	return appendParam(append(key, ','), m.Field)
}

func appendSeries(key []byte, m *metrics.Sample) ([]byte, bool) {
	key, ok := appendParam(key, seriesName(m))
	if !ok {
		return key, false
	}
	key = append(key, ',')
	if len(m.Labels) == 0 {
		return key, true
	}
	return appendParam(key, string(appendLabels(nil, m.Labels)))
}

// seriesName is the name with the field, which series have no parameter for.
func seriesName(m *metrics.Sample) string {
	if m.Field == "" {
		return m.Name
	}
	return m.Name + "." + m.Field
}

// appendLabels writes labels as Prometheus does, without the braces. They end in
// a double quote, hence never in a backslash.
func appendLabels(b []byte, labels []metrics.Label) []byte {
	for i, l := range labels {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, l.Name...), '=', '"')
		for j := range len(l.Value) {
			switch c := l.Value[j]; c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			default:
				b = append(b, c)
			}
		}
		b = append(b, '"')
	}
	return b
}

// appendPlainKey appends name, or name[value,…] with the values of the labels:
// push.elapsed, source.staleness[consul].
func appendPlainKey(key []byte, m *metrics.Sample) ([]byte, bool) {
	begin := len(key)
	key = append(key, m.Name...)
	if m.Field != "" {
		key = append(append(key, '.'), m.Field...)
	}
	if !isKeyName(string(key[begin:])) {
		return key, false
	}
	for i, l := range m.Labels {
		var ok bool
		if key, ok = appendParam(append(key, "[,"[min(i, 1)]), l.Value); !ok {
			return key, false
		}
	}
	if len(m.Labels) > 0 {
		key = append(key, ']')
	}
	return key, fits(key[begin:])
}

func fits(key []byte) bool {
	return len(key) <= longestKey || utf8.RuneCount(key) <= longestKey
}
