package exposition

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"concierge/metrics"
)

// Type is the content type of what a [Writer] writes.
const Type = "text/plain; version=0.0.4; charset=utf-8"

// Writer writes texts, one after the other. The zero value is ready; its memory
// is used again. It is owned by one goroutine.
type Writer struct {
	// Labels are added to every series.
	Labels []metrics.Label
	// Reserved are names of labels that the receiver sets by itself. A label of a
	// sample that has one of these, or one of Labels, gets exported_ before its
	// name, as it is when Prometheus scrapes.
	Reserved []string
	// At is written with every sample, in milliseconds; the zero time is not.
	At time.Time

	heap   []byte // series as they are written, one behind the other
	series []series
	names  []label // of the sample at hand
}

// series is one that will be written.
type series struct {
	name, labels span // in heap
	value        float64
	kind         metrics.Kind
}

// span is a piece of the heap.
type span struct{ from, to int }

// label is one with its name as it is written.
type label struct{ name, value string }

// Counts is what became of the samples.
type Counts struct {
	Written    int
	Filtered   int // without a name, or the same series again
	NotNumeric int
}

// Append appends the text of all samples to b.
func (w *Writer) Append(b []byte, samples []metrics.Sample) ([]byte, Counts) {
	w.heap, w.series = w.heap[:0], w.series[:0]
	var n Counts
	for i := range samples {
		switch s := &samples[i]; {
		case s.Kind == metrics.Text:
			n.NotNumeric++
		case s.Name == "":
			n.Filtered++
		default:
			w.take(s)
		}
	}
	slices.SortFunc(w.series, func(a, b series) int { // the first of the same ones stays the first
		return cmp.Or(w.compare(a, b), cmp.Compare(a.name.from, b.name.from))
	})
	b = w.write(b, &n)
	clear(w.names[:cap(w.names)]) // strings may be parts of large texts
	return b, n
}

func (w *Writer) in(s span) []byte { return w.heap[s.from:s.to] }

func (w *Writer) compare(a, b series) int {
	if c := bytes.Compare(w.in(a.name), w.in(b.name)); c != 0 {
		return c
	}
	return bytes.Compare(w.in(a.labels), w.in(b.labels))
}

// take renders the name and the labels of a sample.
func (w *Writer) take(s *metrics.Sample) {
	start := len(w.heap)
	w.heap = appendName(w.heap, s)
	name := span{start, len(w.heap)}
	w.collect(s.Labels)
	for i, l := range w.names {
		w.heap = append(w.heap, "{,"[min(i, 1)])
		w.heap = append(append(w.heap, l.name...), '=')
		w.heap = appendValue(w.heap, l.value)
	}
	if len(w.names) > 0 {
		w.heap = append(w.heap, '}')
	}
	w.series = append(w.series, series{name, span{name.to, len(w.heap)}, s.Value, s.Kind})
}

// collect puts the labels of a series into names, sorted and each name once. An
// empty value is the same as no label.
func (w *Writer) collect(own []metrics.Label) {
	w.names = w.names[:0]
	for _, l := range w.Labels {
		w.add(labelName(l.Name), l.Value)
	}
	for _, l := range own {
		name := labelName(l.Name)
		if name == "__name__" || slices.Contains(w.Reserved, name) || w.has(name) {
			name = "exported_" + name
		}
		w.add(name, l.Value)
	}
	slices.SortFunc(w.names, func(a, b label) int { return strings.Compare(a.name, b.name) })
}

func (w *Writer) has(name string) bool {
	return slices.ContainsFunc(w.names, func(l label) bool { return l.name == name })
}

func (w *Writer) add(name, value string) {
	for w.has(name) { // two names that differ only in what a name cannot hold
		name += "_"
	}
	if name != "" && value != "" {
		w.names = append(w.names, label{name, value})
	}
}

// labelName returns the name as it is written, which mostly is the name.
func labelName(name string) string {
	for i := range len(name) {
		if !isWord(name[i]) || i == 0 && name[i] >= '0' && name[i] <= '9' {
			return string(appendWord(nil, name, 0, false))
		}
	}
	return name
}

// write writes the sorted series, each once.
func (w *Writer) write(b []byte, n *Counts) []byte {
	for i := 0; i < len(w.series); {
		name := w.in(w.series[i].name)
		end := i + 1
		for end < len(w.series) && bytes.Equal(w.in(w.series[end].name), name) {
			end++
		}
		b = append(append(append(b, "# TYPE "...), name...), typeOf(w.series[i:end])...)
		for ; i < end; i++ {
			if i > 0 && w.compare(w.series[i-1], w.series[i]) == 0 {
				n.Filtered++
				continue
			}
			b = w.line(b, &w.series[i])
			n.Written++
		}
	}
	return b
}

func typeOf(family []series) string {
	other := func(s series) bool { return s.kind != family[0].kind }
	switch {
	case slices.ContainsFunc(family, other):
		return " untyped\n"
	case family[0].kind == metrics.Counter:
		return " counter\n"
	}
	return " gauge\n"
}

func (w *Writer) line(b []byte, s *series) []byte {
	b = append(append(b, w.in(s.name)...), w.in(s.labels)...)
	b = append(b, ' ')
	b = appendFloat(b, s.value)
	if !w.At.IsZero() {
		b = strconv.AppendInt(append(b, ' '), w.At.UnixMilli(), 10)
	}
	return append(b, '\n')
}

func appendFloat(b []byte, v float64) []byte {
	const exact = 1 << 53
	switch {
	case math.IsInf(v, 1):
		return append(b, "+Inf"...)
	case v == math.Trunc(v) && math.Abs(v) < exact:
		return strconv.AppendInt(b, int64(v), 10)
	}
	return strconv.AppendFloat(b, v, 'g', -1, 64) // also NaN and -Inf
}
