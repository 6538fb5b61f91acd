package otlp

import (
	"math"

	"concierge/metrics"
)

// families are samples put together by metric: those with the same name, field
// and kind are points of one. Its memory is used again.
type families struct {
	known map[familyKey]int // index in all
	all   []family
	next  []int32 // by sample: the next one of its family; 0 is the end, since the first sample follows none
	skipped
}

// skipped counts samples that are not sent.
type skipped struct{ filtered, notNumeric int }

type familyKey struct {
	name, field string
	kind        metrics.Kind
}

// family is a metric with its points, as indices of samples.
type family struct {
	familyKey
	first, last int32
}

// path is the name that the metric gets.
func (f *family) path() string {
	if f.field == "" {
		return valid(f.name)
	}
	return valid(f.name + "." + f.field)
}

// gather puts samples together, and leaves out what cannot be sent.
func (f *families) gather(samples []metrics.Sample) {
	f.all, f.skipped = f.all[:0], skipped{}
	if f.known == nil {
		f.known = make(map[familyKey]int)
	}
	clear(f.known)
	f.next = append(f.next[:0], make([]int32, len(samples))...)
	for i := range samples {
		switch s := &samples[i]; {
		case s.Kind == metrics.Text:
			f.notNumeric++
		case s.Name == "" || math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || nameless(s.Labels):
			f.filtered++
		default:
			f.add(familyKey{s.Name, s.Field, s.Kind}, int32(i))
		}
	}
}

func (f *families) add(key familyKey, i int32) {
	at, ok := f.known[key]
	if !ok {
		f.known[key] = len(f.all)
		f.all = append(f.all, family{key, i, i})
		return
	}
	f.next[f.all[at].last] = i
	f.all[at].last = i
}

// forget drops what refers to samples, which may be parts of large texts.
func (f *families) forget() {
	clear(f.known)
	clear(f.all)
	f.all = f.all[:0]
}

func nameless(labels []metrics.Label) bool {
	for i := range labels {
		if labels[i].Name == "" {
			return true
		}
	}
	return false
}
