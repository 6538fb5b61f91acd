package render

import (
	"encoding/json"
	"strings"

	"concierge/sources"
)

// Mask stands for a line of a secret in text made from a [Masked] lookup.
const Mask = "[masked]"

// Masked returns a lookup that answers as l does, with every string of a
// tainted value replaced by as many lines of [Mask]. A template executed on it
// gives text that may be shown. It fails if the template needs the secret's own
// form, for example to parse it.
func Masked(l Lookup) Lookup { return masked{inner: l} }

type masked struct{ inner Lookup }

// Lookup implements [Lookup].
func (m masked) Lookup(q sources.Query) (sources.Value, bool) {
	v, ok := m.inner.Lookup(q)
	if ok && v.Tainted {
		v.Data = transform(v.Data, maskText)
	}
	return v, ok
}

// maskText keeps the number of lines, and lets numbers be numbers.
func maskText(s string) string {
	switch {
	case s == "":
		return ""
	case json.Valid([]byte(s)) && strings.Trim(s, "0123456789+-.eE") == "":
		return "0"
	}
	var b strings.Builder
	for line := range strings.Lines(s) {
		body := strings.TrimRight(line, "\r\n")
		if body != "" {
			b.WriteString(Mask)
		}
		b.WriteString(line[len(body):])
	}
	return b.String()
}
