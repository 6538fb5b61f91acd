package exposition

import (
	"fmt"
	"strings"

	"concierge/metrics"
)

// series is what samples of the same name have in common.
type series struct {
	name, group string
	kind        metrics.Kind
	wanted      bool
	bare        bool // written without quotes
}

// failed names the series in an error.
func (s *series) failed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sample of %.80q: %w", s.name, err)
}

// recall goes over the name that the line begins with if it is a recent one.
func (t *reading) recall(l *line) *series {
	for i := range t.recent {
		if s := &t.recent[i]; s.bare && l.begins(s.name) {
			return s
		}
	}
	return nil
}

// enter makes a series the most recent one.
func (t *reading) enter(name string, bare bool) *series {
	t.next = (t.next + 1) % len(t.recent)
	s := &t.recent[t.next]
	*s = series{name: name, wanted: true, bare: bare}
	s.group, s.kind = t.typeOf(name)
	if t.Wants != nil {
		s.wanted = t.Wants(name, s.group)
	}
	return s
}

// typeOf returns the type of the metric that a series belongs to, and what its
// samples are over time.
func (t *reading) typeOf(name string) (group string, kind metrics.Kind) {
	if group, ok := t.types[name]; ok {
		if group == "counter" {
			return group, metrics.Counter
		}
		return group, metrics.Gauge
	}
	metric, suffix := name, ""
	if i := strings.LastIndexByte(name, '_'); i > 0 {
		metric, suffix = name[:i], name[i+1:]
	}
	group, ok := t.types[metric]
	if ok && suffixOf(group, suffix) {
		return group, kindOf(group, suffix)
	}
	if suffix == "total" {
		return "", metrics.Counter
	}
	return "", metrics.Gauge
}

// suffixOf says whether the metrics of a type have series with this suffix.
func suffixOf(group, suffix string) bool {
	switch suffix {
	case "bucket":
		return group == "histogram" || group == "gaugehistogram"
	case "sum", "count":
		return group == "histogram" || group == "summary"
	case "gsum", "gcount":
		return group == "gaugehistogram"
	case "total":
		return group == "counter"
	case "created":
		return group == "counter" || group == "histogram" || group == "summary"
	case "info":
		return group == "info"
	}
	return false
}

func kindOf(group, suffix string) metrics.Kind {
	if group == "gaugehistogram" || suffix == "created" || suffix == "info" {
		return metrics.Gauge
	}
	return metrics.Counter
}
