package exposition

import (
	"errors"
	"fmt"

	"concierge/metrics"
)

const (
	// labelsAtOnce is how many labels get memory at once: the garbage collector
	// then has a hundred pieces to look at instead of 34,000.
	labelsAtOnce = 1024
	// labelsOfOne is how many labels a sample may have. Prometheus itself is
	// commonly told to refuse more than 30.
	labelsOfOne = 128
)

var errLabels = fmt.Errorf("it has more than %d labels", labelsOfOne)

// labels hands out memory for the labels of samples.
type labels struct {
	chunk []metrics.Label
	from  int // where those of the present sample begin
	total int

	// The buckets of a histogram follow each other and differ in the last label
	// only. So all but the last of the sample before are kept, as they are
	// written and read.
	written string
	read    []metrics.Label
}

// begin makes room for those of one sample.
func (a *labels) begin() {
	if cap(a.chunk)-len(a.chunk) < labelsOfOne {
		a.chunk = make([]metrics.Label, 0, labelsAtOnce)
	}
	a.from = len(a.chunk)
}

// drop gives back those of the present sample.
func (a *labels) drop() {
	a.total -= len(a.chunk) - a.from
	a.chunk = a.chunk[:a.from]
}

func (a *labels) add(name, value string) error {
	if len(a.chunk)-a.from == labelsOfOne {
		return errLabels
	}
	a.chunk = append(a.chunk, metrics.Label{Name: name, Value: value})
	a.total++
	return nil
}

// sorted returns those of the present sample, nil if it has none. As they are
// written nearly all are in order, for which this is the fastest way.
func (a *labels) sorted() ([]metrics.Label, error) {
	own := a.chunk[a.from:len(a.chunk):len(a.chunk)]
	for i := 1; i < len(own); i++ {
		for j := i; j > 0 && own[j].Name < own[j-1].Name; j-- {
			own[j], own[j-1] = own[j-1], own[j]
		}
	}
	for i := 1; i < len(own); i++ {
		if own[i].Name == own[i-1].Name {
			return nil, fmt.Errorf("it has the label %.80q twice", own[i].Name)
		}
	}
	if len(own) == 0 {
		return nil, nil
	}
	return own, nil
}

// repeats adds the labels that text begins with if they were read just before,
// and returns how much of it they are.
func (a *labels) repeats(text string) int {
	n := len(a.written)
	if n == 0 || len(text) <= n || text[n] != ',' && text[n] != '}' || text[:n] != a.written {
		return 0
	}
	a.chunk = append(a.chunk, a.read...)
	a.total += len(a.read)
	return n
}

// keep remembers the first n of the present sample as they are written.
func (a *labels) keep(written string, n int) {
	a.written, a.read = written, append(a.read[:0], a.chunk[a.from:a.from+n]...)
}

// labels reads what is in braces, if there are any: labels, and the name of the
// series if it has to be quoted.
func (l *line) labels(name string, into *labels) (string, error) {
	l.space()
	if !l.take('{') {
		return named(name)
	}
	begin, plain := l.at, name != ""
	l.at += into.repeats(l.text[begin:])
	known, last, n := l.at, l.at, 0
	for first := l.at == begin; ; first = false {
		end := l.at
		if l.space(); !first {
			if !l.take(',') && !l.sees('}') {
				return "", errors.New("the labels do not end with }")
			}
			l.space()
		}
		if l.take('}') {
			break
		}
		last, n = end, len(into.chunk)-into.from
		var err error
		if name, err = l.label(name, into); err != nil {
			return "", err
		}
	}
	if plain && last > known {
		into.keep(l.text[begin:last], n)
	}
	return named(name)
}

// label reads a label, or the name of the series in quotes.
func (l *line) label(name string, into *labels) (string, error) {
	word, quoted, err := l.labelName()
	if err != nil {
		return "", err
	}
	l.space()
	switch {
	case l.take('='):
		return name, l.labelValue(word, into)
	case !quoted:
		return "", fmt.Errorf("label %.80q has no value", word)
	case name != "":
		return "", fmt.Errorf("it has two names, %.80q and %.80q", name, word)
	}
	return word, nil
}

func named(name string) (string, error) {
	if name == "" {
		return "", errors.New("a sample without a name")
	}
	return name, nil
}

func (l *line) labelName() (name string, quoted bool, err error) {
	if l.sees('"') {
		name, err = l.quoted()
		return name, true, err
	}
	if name = l.identifier(false); name == "" {
		err = errors.New("want the name of a label")
	}
	return name, false, err
}

func (l *line) labelValue(name string, into *labels) error {
	l.space()
	value, err := l.quoted()
	if err != nil {
		return fmt.Errorf("label %.80q: %w", name, err)
	}
	return into.add(name, value)
}
