package dropwizard

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"concierge/metrics"
)

// Parser reads documents, one after the other. The zero value is ready.
type Parser struct {
	// Most is how many samples a document may have; more is an error that wraps
	// [metrics.ErrTooBig]. 0 is no limit but the size of the text.
	Most int
}

// Append appends what text holds, in its order:
//   - Of a section (an object in the document: gauges, counters, histograms,
//     meters, timers, or any other) each metric's members that are numbers.
//     The section is the Group, the member the Field; but the value of a gauge
//     and the count of a counter have none, since they are alone.
//   - NaN and infinite numbers, bare or quoted, as such: targets filter them.
//   - Truth values as 1 and 0. Gauges that are texts, lists or objects as
//     [metrics.Text], the latter two as they are written; the error of a gauge
//     that failed as a Text with the Field error. Null is no sample.
//   - Numbers that stand in the document itself, as Spring Boot 1 has them,
//     without Group and Field.
//
// Counts of histograms, meters and timers are [metrics.Counter], and so is
// what Spring Boot calls "counter."; but a Dropwizard counter can go down and is
// a [metrics.Gauge]. Units and lists of sampled values are left out.
//
// An error names line and byte; what was appended then counts as not read.
func (p *Parser) Append(samples []metrics.Sample, text string) ([]metrics.Sample, error) {
	d := document{scanner: scanner{text: text}, samples: withRoom(samples, text), room: cmp.Or(p.Most, math.MaxInt)}
	for name := range d.members {
		if d.peek() == '{' {
			d.section(name)
		} else {
			d.flat(name)
		}
	}
	d.end()
	if d.err != nil {
		return samples, fmt.Errorf("reading JSON metrics: %w", d.err)
	}
	return d.samples, nil
}

// withRoom makes room for all samples of a first text at once: grown step by
// step they would leave several times their size behind. Each has a colon before a
// number.
func withRoom(samples []metrics.Sample, text string) []metrics.Sample {
	if cap(samples) > 0 {
		return samples
	}
	const atOnce = 1 << 16 // a text of nothing but such signs gets no more
	return slices.Grow(samples, min(countNumbers(text), atOnce))
}

// countNumbers counts the colons before a number, or before a space if that is
// how the text is written.
func countNumbers(text string) (n int) {
	for i := range len(text) - 1 {
		if next := text[i+1]; text[i] == ':' && (next-'0' <= 9 || next == '-' || next == ' ') {
			n++
		}
	}
	return n
}

// document is one that is being read.
type document struct {
	scanner
	samples []metrics.Sample
	room    int    // for so many more
	group   string // where the scanner is
	name    string
}

// flat reads a member of the document that is not a section: only a number is
// of interest.
func (d *document) flat(name string) {
	d.group, d.name = "", name
	kind := metrics.Gauge
	if strings.HasPrefix(name, "counter.") {
		kind = metrics.Counter
	}
	d.value("", kind)
}

// section reads an object of metrics, or of plain numbers.
func (d *document) section(group string) {
	d.group = group
	for d.name = range d.members {
		if d.peek() != '{' {
			d.value("", metrics.Gauge)
			continue
		}
		switch group {
		case "gauges":
			d.gauge()
		case "counters":
			d.counter()
		default:
			d.metric()
		}
	}
}

// counter reads the members of a counter, which can go up and down.
func (d *document) counter() {
	for field := range d.members {
		if field == "count" {
			field = ""
		}
		d.value(field, metrics.Gauge)
	}
}

// metric reads the members of a histogram, meter, timer or something else.
func (d *document) metric() {
	for field := range d.members {
		kind := metrics.Gauge
		if field == "count" || field == "total" {
			kind = metrics.Counter
		}
		d.value(field, kind)
	}
}

// gauge reads the members of a gauge.
func (d *document) gauge() {
	for field := range d.members {
		switch field {
		case "value":
			d.anything("")
		case "error":
			d.anything(field)
		default:
			d.value(field, metrics.Gauge)
		}
	}
}

// anything reads a value of which texts are of interest, too.
func (d *document) anything(field string) {
	switch d.peek() {
	case '"':
		text := d.string()
		if value, ok := unwritable(text); ok {
			d.add(field, metrics.Gauge, text, value)
		} else {
			d.add(field, metrics.Text, text, 0)
		}
	case '{', '[':
		d.add(field, metrics.Text, d.skip(), 0)
	default:
		d.value(field, metrics.Gauge)
	}
}

// value reads a value of which only a number is of interest.
func (d *document) value(field string, kind metrics.Kind) {
	switch d.peek() {
	case '"':
		text := d.string()
		if value, ok := unwritable(text); ok {
			d.add(field, kind, text, value)
		}
	case '{', '[':
		d.skip()
	default:
		if raw, value, ok := d.literal(); ok {
			d.add(field, kind, raw, value)
		}
	}
}

func (d *document) add(field string, kind metrics.Kind, raw string, value float64) {
	if d.err != nil {
		return
	}
	if d.room--; d.room < 0 {
		d.fail(fmt.Errorf("too many values: %w", metrics.ErrTooBig))
		return
	}
	d.samples = append(d.samples, metrics.Sample{
		Name: d.name, Field: field, Group: d.group, Kind: kind, Value: value, Raw: raw,
	})
}
