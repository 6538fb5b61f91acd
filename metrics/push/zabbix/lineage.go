package zabbix

import "concierge/metrics"

// lineage is the key of the series before, as the inside of a JSON string.
// Samples that follow each other have most labels in common: the buckets of a
// histogram all but one. So only what differs is quoted and escaped anew.
type lineage struct {
	text         []byte // the key
	name, field  string
	labels       []metrics.Label
	ends         []int // of the name and of each label in text; none is no key
	spare        []byte
	spareEnds    []int
	plain, param []byte
}

// several is how many labels a series has that is kept. There is a comma between
// them, so that their parameter is quoted whatever else is in it.
const several = 2

// follow makes l the key of a sample, or reports false if that is for others: the
// sample is no series with several labels, or its key may be too long, or has no
// form that the server could make, too.
func (l *lineage) follow(s shape, m *metrics.Sample) bool {
	if len(m.Labels) < several || m.Kind == metrics.Text || s.isPlain(m) {
		return false
	}
	text, ends := l.spare[:0], l.spareEnds[:0]
	if len(l.ends) > 0 && m.Name == l.name && m.Field == l.field {
		text = append(text, l.text[:l.ends[0]]...)
	} else {
		var ok bool
		if text, ok = l.appendName(text, s, m); !ok {
			return false
		}
	}
	ends = append(ends, len(text))
	for i := range m.Labels {
		if i > 0 {
			text = append(text, ',')
		}
		if i < len(l.labels) && m.Labels[i] == l.labels[i] {
			text = append(text, l.label(i)...)
		} else {
			text = l.appendLabel(text, &m.Labels[i])
		}
		ends = append(ends, len(text))
	}
	text = append(text, `\"]`...)
	l.text, l.spare, l.ends, l.spareEnds = text, l.text, ends, l.ends
	l.name, l.field, l.labels = m.Name, m.Field, append(l.labels[:0], m.Labels...)
	return len(text) <= longestKey // what it is before it is escaped is not longer
}

// forget lets go of the texts of the samples.
func (l *lineage) forget() {
	clear(l.labels)
	l.name, l.field, l.labels, l.ends = "", "", l.labels[:0], l.ends[:0]
}

// label is the i-th label of the key.
func (l *lineage) label(i int) []byte {
	from := l.ends[i]
	if i > 0 {
		from++ // the comma
	}
	return l.text[from:l.ends[i+1]]
}

// appendName appends the key up to the first label.
func (l *lineage) appendName(text []byte, s shape, m *metrics.Sample) ([]byte, bool) {
	l.plain = append(append(l.plain[:0], s.prefix...), '.')
	l.plain = append(append(l.plain, kindOf(m).key...), '[')
	var ok bool
	l.plain, ok = appendParam(l.plain, seriesName(m))
	return appendJSON(text, append(l.plain, `,"`...)), ok
}

// appendLabel appends one label as it is within a parameter in quotes.
func (l *lineage) appendLabel(text []byte, label *metrics.Label) []byte {
	l.plain = appendLabels(l.plain[:0], []metrics.Label{*label})
	l.param = l.param[:0]
	for _, c := range l.plain {
		if c == '"' {
			l.param = append(l.param, '\\')
		}
		l.param = append(l.param, c)
	}
	return appendJSON(text, l.param)
}
