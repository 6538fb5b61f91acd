package zabbix

import (
	"strings"

	"concierge/metrics"
)

// appendRow appends the row of a sample in a discovery document: {#METRIC}, and
// for kinds with labels {#LABELS}, which is the second parameter of their keys,
// and each label by itself as {#LABEL.CODE}, for filters and for the names of items.
func appendRow(b []byte, k kind, m *metrics.Sample) []byte {
	b = append(b, `{"{#METRIC}":"`...)
	if !k.labels {
		return append(appendJSON(b, m.Name), `"}`...)
	}
	b = appendJSON(b, seriesName(m))
	b = append(b, `","{#LABELS}":"`...)
	b = append(appendJSON(b, appendLabels(nil, m.Labels)), '"')
	for _, l := range m.Labels {
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
