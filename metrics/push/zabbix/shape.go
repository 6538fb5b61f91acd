package zabbix

import (
	"bytes"
	"slices"
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

// dropwizardKind returns the kind of a group of Dropwizard metrics; everything
// else is a series.
func dropwizardKind(group string) (kind, bool) {
	switch group {
	case "gauges":
		return kind{rule: "gauges", key: "gauge", only: "value"}, true
	case "counters":
		return kind{rule: "counters", key: "counter", only: "count"}, true
	case "histograms":
		return kind{rule: "histograms", key: "histogram"}, true
	case "meters":
		return kind{rule: "meters", key: "meter"}, true
	case "timers":
		return kind{rule: "timers", key: "timer"}, true
	}
	return kind{}, false
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
	plain  []string // groups
}

// isPlain reports whether the name of the sample is its key.
func (s shape) isPlain(m *metrics.Sample) bool {
	return len(m.Labels) == 0 && slices.Contains(s.plain, m.Group)
}

// kindOf returns the kind of a sample that is not plain.
func kindOf(m *metrics.Sample) kind {
	if m.Kind == metrics.Text {
		return kind{rule: "texts", key: "text", labels: true}
	}
	if k, ok := dropwizardKind(m.Group); ok && len(m.Labels) == 0 {
		return k
	}
	return kind{rule: "series", key: "series", labels: true}
}

// appendKey appends the key of the sample, or reports false if it has none that
// the server could make, too.
func (s shape) appendKey(key []byte, m *metrics.Sample) ([]byte, bool) {
	if s.isPlain(m) {
		return appendPlainKey(key, m)
	}
	begin := len(key)
	k := kindOf(m)
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
	var room [256]byte
	return appendParam(key, appendLabels(room[:0], m.Labels))
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

// fits reports whether a server can have an item with this key: one that is not
// too long, and without a NUL, which no database stores.
func fits(key []byte) bool {
	return (len(key) <= longestKey || utf8.RuneCount(key) <= longestKey) && bytes.IndexByte(key, 0) < 0
}
