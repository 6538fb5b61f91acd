package metrics

import (
	"strconv"
	"strings"
	"time"
)

// Kind is what a value means over time.
type Kind uint8

// The kinds.
const (
	Gauge   Kind = iota // the value now
	Counter             // a sum that only grows while the process lives
	Text                // not a number; only for targets that take texts
)

// Label is a dimension of a metric.
type Label struct{ Name, Value string }

// Sample is one value. Its strings may be parts of a larger text; whoever keeps
// one for longer than a cycle clones it.
type Sample struct {
	Name   string  // of the metric, as the application calls it
	Field  string  // which number of the metric: p99, count, …; empty if it has only one
	Group  string  // what the application calls this sort of metric: gauges, timers, …; may be empty
	Labels []Label // sorted by name; nil for most
	Kind   Kind
	Value  float64 // not of Text; may be NaN or infinite
	// Raw is the value as it was written, so that it can be passed on unchanged.
	// Empty if there was no text.
	Raw string
}

// Written returns the value as a text.
func (s Sample) Written() string {
	if s.Raw != "" || s.Kind == Text {
		return s.Raw
	}
	return strconv.FormatFloat(s.Value, 'g', -1, 64)
}

// Path is the name with the field, joined by a dot, and the labels in braces:
// for people, and for targets without dimensions.
func (s Sample) Path() string {
	var b strings.Builder
	b.WriteString(s.Name)
	if s.Field != "" {
		b.WriteByte('.')
		b.WriteString(s.Field)
	}
	for i, l := range s.Labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.Name + "=" + strconv.Quote(l.Value))
	}
	if len(s.Labels) > 0 {
		b.WriteByte('}')
	}
	return b.String()
}

// Snapshot is all that was measured in one cycle. Every sample has its moment.
type Snapshot struct {
	At      time.Time // with nanoseconds; the same for every sample and target
	Host    string    // who was measured, as monitoring servers call it
	Samples []Sample
	// Documents are whole answers of endpoints, by the name of the endpoint, for
	// targets that take them apart themselves. Only those that were asked for.
	Documents map[string][]byte
}
