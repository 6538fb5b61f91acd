package exposition

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	"concierge/metrics"
)

// Parser reads texts, one after the other. The zero value is ready. It is owned
// by one goroutine.
type Parser struct {
	// Wants says whether a series is wanted, by its name and the type of its
	// metric (the Group of its samples), before its labels are looked at: what
	// nobody wants costs almost nothing. It is asked once for samples that follow
	// each other. Nil wants everything.
	Wants func(name, group string) bool
	// OpenMetrics demands that the text ends as OpenMetrics does, so that one that
	// was cut off is not taken for whole. In all else the formats do not
	// contradict each other and are read alike.
	OpenMetrics bool
	// Most is how many samples a text may have, not counting those that are not
	// wanted; more, or more than ten times as many labels, is an error that wraps
	// [metrics.ErrTooBig]. 0 is no limit but the size of the text.
	Most int
}

// labelsEach is how many labels the samples of a text may have on average.
const labelsEach = 10

var (
	errCut   = errors.New(`the text is cut off: it does not end with "# EOF"`)
	errAfter = errors.New(`something follows "# EOF"`)
)

// Append appends the samples that text holds, in its order. The Name is that
// of the series with its suffix (_bucket, _sum, _count, _total, …), the Group is
// the type of its metric: counter, gauge, histogram, summary, untyped, and of
// OpenMetrics unknown, info, stateset, gaugehistogram; empty if the text has no
// type for it. Sums, counts, buckets and what is of type counter are
// [metrics.Counter]; without a type it is the suffix _total that tells.
//
// Timestamps are left out: the samples of a cycle have one moment. So are
// exemplars. An error names the line; what was appended then counts as not read.
func (p *Parser) Append(samples []metrics.Sample, text string) ([]metrics.Sample, error) {
	most := cmp.Or(p.Most, math.MaxInt/labelsEach)
	t := reading{Parser: p, types: make(map[string]string), samples: samples, most: most, before: len(samples)}
	for rest := text; rest != ""; t.line++ {
		var line string
		line, rest, _ = strings.Cut(rest, "\n")
		if err := t.take(line); err != nil {
			return samples, fmt.Errorf("reading Prometheus metrics: line %d: %w", t.line+1, err)
		}
	}
	if p.OpenMetrics && !t.ended {
		return samples, fmt.Errorf("reading OpenMetrics: %w", errCut)
	}
	return t.samples, nil
}

// reading is a text that is being read.
type reading struct {
	*Parser
	types   map[string]string // of metrics, by name
	recent  [4]series         // a histogram has three that come in turn
	next    int               // where the last one is in recent
	samples []metrics.Sample
	labels  labels
	most    int
	before  int // samples that were there
	line    int
	ended   bool
}

// series is what samples of the same name have in common.
type series struct {
	name, group string
	kind        metrics.Kind
	wanted      bool
}

func (t *reading) take(text string) error {
	l := line{text: strings.TrimSuffix(text, "\r")}
	l.space()
	switch {
	case l.done():
		return nil
	case l.text[l.at] == '#':
		return t.comment(&l)
	case t.ended:
		return errAfter
	}
	return t.sample(&l)
}

// comment reads a line that begins with #.
func (t *reading) comment(l *line) error {
	l.at++
	switch l.word() {
	case "EOF":
		t.ended = t.OpenMetrics
	case "TYPE":
		name, err := l.metricName()
		if err != nil {
			return err
		}
		kind := l.word()
		if kind == "" {
			return nil // it says nothing, like any other comment
		}
		t.types[name] = strings.ToLower(kind)
		clear(t.recent[:])
	}
	return nil
}

// sample reads a line that is a sample.
func (t *reading) sample(l *line) error {
	of, err := t.recall(l), error(nil)
	name := ""
	if of == nil {
		if name, err = l.name(); err != nil {
			return err
		}
		if name != "" {
			of = t.enter(name)
		}
	}
	if of != nil {
		if !of.wanted {
			return nil
		}
		name = of.name
	}
	t.labels.begin()
	if name, err = l.labels(name, &t.labels); err != nil {
		return err
	}
	if of == nil {
		of = t.enter(name)
	}
	if err := t.add(of, l); err != nil {
		return fmt.Errorf("sample of %.80q: %w", name, err)
	}
	return nil
}

// add reads the value of a sample and appends it, unless it is not wanted or
// one too many.
func (t *reading) add(of *series, l *line) error {
	raw, value, err := l.value()
	if err != nil {
		return err
	}
	if !of.wanted {
		t.labels.drop()
		return nil
	}
	if len(t.samples)-t.before == t.most || t.labels.total > labelsEach*t.most {
		return fmt.Errorf("more than %d samples or %d labels: %w", t.most, labelsEach*t.most, metrics.ErrTooBig)
	}
	sorted, err := t.labels.sorted()
	if err != nil {
		return err
	}
	t.samples = append(t.samples, metrics.Sample{
		Name: of.name, Group: of.group, Labels: sorted, Kind: of.kind, Value: value, Raw: raw,
	})
	return nil
}

// recall goes over the name that the line begins with if it is a recent one.
func (t *reading) recall(l *line) *series {
	for i := range t.recent {
		if l.begins(t.recent[i].name) {
			return &t.recent[i]
		}
	}
	return nil
}

// enter makes a series the most recent one.
func (t *reading) enter(name string) *series {
	t.next = (t.next + 1) % len(t.recent)
	s := &t.recent[t.next]
	*s = series{name: name, wanted: true}
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
