package secrets

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// minRedacted is the shortest value the redactor looks for. Shorter values
// ("1", "on") would blank out half of every text and tell nothing worth hiding
// by themselves.
const minRedacted = 4

// Redactor replaces known secret values in text of foreign origin: errors of
// template functions, output of check commands. It is a second line of defence:
// it finds values whole and in the usual encodings (base64, hex, URL query,
// JSON string), not parts or other forms of them. The zero value is ready; it
// is safe for concurrent use.
type Redactor struct {
	mu sync.RWMutex
	// values holds what is looked for by its first bytes, longest first, so
	// that a new value costs no more when there are many; guarded by mu.
	values map[start][]string
	// encoded holds the values whose encodings are among them: templates read
	// the same secrets again and again; guarded by mu.
	encoded map[string]struct{}
}

// start is how a value begins.
type start [minRedacted]byte

// Add makes values known. Multi-line values are known line by line too, and
// values with white space around them without it.
func (r *Redactor) Add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		r.addForms(v)
		if trimmed := strings.TrimSpace(v); trimmed != v {
			r.addForms(trimmed)
		}
		if strings.Contains(v, "\n") {
			for line := range strings.SplitSeq(v, "\n") {
				r.add(strings.TrimSpace(line))
			}
		}
	}
}

// addForms leaves short values alone, although their encodings may be long:
// those are as frequent in other text.
func (r *Redactor) addForms(v string) {
	if _, done := r.encoded[v]; done || len(v) < minRedacted {
		return
	}
	if r.encoded == nil {
		r.encoded = make(map[string]struct{})
	}
	r.encoded[v] = struct{}{}
	for form := range forms(v) {
		r.add(form)
	}
}

func (r *Redactor) add(v string) {
	if len(v) < minRedacted {
		return
	}
	if r.values == nil {
		r.values = make(map[start][]string)
	}
	s := start([]byte(v[:minRedacted]))
	if i, found := slices.BinarySearchFunc(r.values[s], v, longestFirst); !found {
		r.values[s] = slices.Insert(r.values[s], i, v)
	}
}

func longestFirst(a, b string) int {
	return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b))
}

// AddData makes every string inside a decoded secret known.
func (r *Redactor) AddData(data any) {
	switch d := data.(type) {
	case string:
		r.Add(d)
	case map[string]any:
		for _, v := range d {
			r.AddData(v)
		}
	case []any:
		for _, v := range d {
			r.AddData(v)
		}
	}
}

// Redact returns text with every known value replaced by [Redacted]. Where
// several begin at one place, the longest is.
func (r *Redactor) Redact(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.values) == 0 {
		return text
	}
	var b strings.Builder
	shown := 0 // how much of text is in b
	for i := 0; i+minRedacted <= len(text); {
		n := r.valueAt(text[i:])
		if n == 0 {
			i++
			continue
		}
		b.WriteString(text[shown:i])
		b.WriteString(Redacted)
		i += n
		shown = i
	}
	if shown == 0 {
		return text
	}
	b.WriteString(text[shown:])
	return b.String()
}

// valueAt returns the length of the longest value that text begins with, or 0.
func (r *Redactor) valueAt(text string) int {
	for _, v := range r.values[start([]byte(text[:minRedacted]))] {
		if strings.HasPrefix(text, v) {
			return len(v)
		}
	}
	return 0
}
