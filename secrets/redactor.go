package secrets

import (
	"sort"
	"strings"
	"sync"
)

// minRedacted is the shortest value the redactor looks for. Shorter values
// ("1", "on") would blank out half of every text and tell nothing worth hiding
// by themselves.
const minRedacted = 4

// Redactor replaces known secret values in text of foreign origin: errors of
// template functions, output of check commands. The zero value is ready; it is
// safe for concurrent use.
type Redactor struct {
	mu       sync.RWMutex
	values   map[string]struct{} // guarded by mu
	replacer *strings.Replacer   // guarded by mu; nil when values changed
}

// Add makes values known. Multi-line values are known line by line too.
func (r *Redactor) Add(values ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range values {
		r.add(v)
		if strings.Contains(v, "\n") {
			for line := range strings.SplitSeq(v, "\n") {
				r.add(strings.TrimSpace(line))
			}
		}
	}
}

func (r *Redactor) add(v string) {
	if len(v) < minRedacted {
		return
	}
	if _, ok := r.values[v]; ok {
		return
	}
	if r.values == nil {
		r.values = make(map[string]struct{})
	}
	r.values[v] = struct{}{}
	r.replacer = nil
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

// Redact returns text with every known value replaced by [Redacted], longest
// values first.
func (r *Redactor) Redact(text string) string {
	r.mu.RLock()
	replacer, known := r.replacer, len(r.values)
	r.mu.RUnlock()
	if known == 0 {
		return text
	}
	if replacer == nil {
		replacer = r.build()
	}
	return replacer.Replace(text)
}

func (r *Redactor) build() *strings.Replacer {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replacer != nil {
		return r.replacer
	}
	values := make([]string, 0, len(r.values))
	for v := range r.values {
		values = append(values, v)
	}
	sort.Slice(values, func(i, j int) bool { return len(values[i]) > len(values[j]) })
	pairs := make([]string, 0, 2*len(values))
	for _, v := range values {
		pairs = append(pairs, v, Redacted)
	}
	r.replacer = strings.NewReplacer(pairs...)
	return r.replacer
}
