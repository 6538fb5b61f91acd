package zabbix

import (
	"encoding/binary"
	"strings"

	"concierge/metrics"
)

// appendIdentity appends what the row of a sample is made of: the name, and for
// kinds with labels each of them. It is a third of the row, in which all that
// stands twice. The lengths are at the end, so that rows sort by their names; none
// has more than two bytes, since a sample whose key is too long has no row.
func appendIdentity(b []byte, k kind, m *metrics.Sample) []byte {
	if !k.labels {
		return append(b, m.Name...)
	}
	name := seriesName(m)
	b = append(b, name...)
	for _, l := range m.Labels {
		b = append(append(b, l.Name...), l.Value...)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(len(name)))
	for _, l := range m.Labels {
		b = binary.BigEndian.AppendUint16(b, uint16(len(l.Name)))
		b = binary.BigEndian.AppendUint16(b, uint16(len(l.Value)))
	}
	return binary.BigEndian.AppendUint16(b, uint16(len(m.Labels)))
}

// splitIdentity takes apart what appendIdentity has put together for a kind with
// labels, which it appends to memory.
func splitIdentity(identity string, memory []metrics.Label) (name string, labels []metrics.Label) {
	const size = 2
	number := func(at int) int { return int(identity[at])<<8 | int(identity[at+1]) }
	count := number(len(identity) - size)
	at := len(identity) - size*(2*count+2) // of the lengths
	rest := identity
	part := func() (text string) {
		text, rest = rest[:number(at)], rest[number(at):]
		at += size
		return text
	}
	name = part()
	for range count {
		memory = append(memory, metrics.Label{Name: part(), Value: part()})
	}
	return name, memory
}

// appendRow appends a row of a discovery document: {#METRIC}, and for kinds with
// labels {#LABELS}, which is the second parameter of their keys, and each label by
// itself as {#LABEL.CODE}, for filters and for the names of items.
func appendRow(b []byte, k kind, identity string) []byte {
	b = append(b, `{"{#METRIC}":"`...)
	if !k.labels {
		return append(appendJSON(b, identity), `"}`...)
	}
	var room [8]metrics.Label
	var text [512]byte
	name, labels := splitIdentity(identity, room[:0])
	b = appendJSON(b, name)
	b = append(b, `","{#LABELS}":"`...)
	b = append(appendJSON(b, appendLabels(text[:0], labels)), '"')
	for _, l := range labels {
		b = append(append(b, `,"{#LABEL.`...), macroName(l.Name)...)
		b = append(appendJSON(append(b, `}":"`...), l.Value), '"')
	}
	return append(b, '}')
}

// macroName makes of a name what may be in a macro: upper-case letters, digits,
// dots and underscores.
func macroName(label string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '_':
			return r
		}
		return '_'
	}, label)
}
