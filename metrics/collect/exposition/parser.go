package exposition

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
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
	t := reading{Parser: p, types: make(map[string]string), samples: withRoom(samples, text), most: most, before: len(samples)}
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

// withRoom makes room for all samples of a first text at once: grown step by
// step they would leave several times their size behind. Each has a line.
func withRoom(samples []metrics.Sample, text string) []metrics.Sample {
	if cap(samples) > 0 {
		return samples
	}
	const atOnce = 1 << 16 // a text of nothing but such signs gets no more
	return slices.Grow(samples, min(strings.Count(text, "\n"), atOnce))
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
	of := t.recall(l)
	if of == nil {
		name, err := l.name()
		if err != nil {
			return err
		}
		if name == "" {
			return t.quoted(l)
		}
		of = t.enter(name, true)
	}
	if !of.wanted {
		return nil
	}
	t.labels.begin()
	if _, err := l.labels(of.name, &t.labels); err != nil {
		return of.failed(err)
	}
	return of.failed(t.add(of, l))
}

// quoted reads a sample whose name is in the braces.
func (t *reading) quoted(l *line) error {
	t.labels.begin()
	name, err := l.labels("", &t.labels)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(t.recent[:], func(s series) bool { return s.name == name })
	if i < 0 {
		return t.add(t.enter(name, false), l)
	}
	return t.add(&t.recent[i], l)
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
