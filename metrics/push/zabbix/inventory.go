package zabbix

import (
	"hash/maphash"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"concierge/metrics"
)

// inventory is the set of metrics that were seen within the window. Servers
// delete, and since 7.0 disable, what a discovery no longer lists: a process
// that starts again and shows little for a while must not switch its items off.
//
// Rows have the number of the round in which they were seen last, and rounds
// have a time. A row is kept as what it is made of, and written when it is sent. While the set of metrics is the same only the time of the last
// round moves, so that the usual push costs one hash per metric.
type inventory struct {
	window  time.Duration
	maxRows int
	encoder *encoder
	seed    maphash.Seed

	rules   map[kind]map[string]int // kind → identity of a row → round
	rounds  map[int]time.Time
	round   int
	hash    uint64 // of the metrics of the last round
	rows    int
	omitted int // for want of room, in the last round
	changed bool
	scratch []byte
}

func newInventory(d Discovery, e *encoder) *inventory {
	return &inventory{
		window: d.Window, maxRows: d.MaxRows, encoder: e, seed: maphash.MakeSeed(),
		rules: make(map[kind]map[string]int), rounds: make(map[int]time.Time),
	}
}

// see takes in what there is now.
func (v *inventory) see(now time.Time, samples []metrics.Sample) {
	hash := v.hashOf(samples)
	if v.round == 0 || hash != v.hash {
		v.round++
		v.hash, v.omitted = hash, 0
		for m := range v.announced(samples) {
			v.note(m)
		}
	}
	v.rounds[v.round] = now
	v.forget(now)
}

// announced yields the samples that stand for a metric of their own.
func (v *inventory) announced(samples []metrics.Sample) func(yield func(*metrics.Sample) bool) {
	return func(yield func(*metrics.Sample) bool) {
		var last *metrics.Sample
		for i := range samples {
			m := &samples[i]
			if last != nil && sameRow(last, m) || v.encoder.shape.isPlain(m) {
				continue
			}
			if m.Kind == metrics.Text && !v.encoder.wanted(m) {
				continue
			}
			last = m
			if !yield(m) {
				return
			}
		}
	}
}

// sameRow reports whether two samples are fields of one metric of a kind that
// has one row for all fields. False for two that are is only more work.
func sameRow(a, b *metrics.Sample) bool {
	return a.Name == b.Name && a.Group == b.Group && a.Kind != metrics.Text && b.Kind != metrics.Text &&
		len(a.Labels)+len(b.Labels) == 0 && (a.Field == b.Field || !kindOf(a).labels)
}

// hashOf is the same for the same metrics in whatever order.
func (v *inventory) hashOf(samples []metrics.Sample) uint64 {
	var sum uint64
	for m := range v.announced(samples) {
		h := maphash.String(v.seed, m.Name)*3 + maphash.String(v.seed, m.Group)*5 + uint64(m.Kind)
		if kindOf(m).labels {
			h += maphash.String(v.seed, m.Field) * 7
		}
		for _, l := range m.Labels {
			h = h*31 + maphash.String(v.seed, l.Name)*11 + maphash.String(v.seed, l.Value)
		}
		sum += h * (h | 1)
	}
	return sum
}

// note marks the row of a sample as seen, if the sample has a key at all.
func (v *inventory) note(m *metrics.Sample) {
	var ok bool
	if v.encoder.key, ok = v.encoder.shape.appendKey(v.encoder.key[:0], m); !ok {
		return
	}
	k := kindOf(m)
	rows := v.rules[k]
	if rows == nil {
		rows = make(map[string]int)
		v.rules[k] = rows
	}
	v.scratch = appendIdentity(v.scratch[:0], k, m)
	if _, known := rows[string(v.scratch)]; !known {
		if v.rows >= v.maxRows {
			v.omitted++
			return
		}
		v.rows++
		v.changed = true
	}
	rows[string(v.scratch)] = v.round
}

// forget drops what was not seen within the window.
func (v *inventory) forget(now time.Time) {
	old := false
	for round, at := range v.rounds {
		if now.Sub(at) > v.window {
			delete(v.rounds, round)
			old = true
		}
	}
	if !old {
		return
	}
	for _, rows := range v.rules {
		before := len(rows)
		maps.DeleteFunc(rows, func(_ string, round int) bool { _, fresh := v.rounds[round]; return !fresh })
		v.rows -= before - len(rows)
		v.changed = v.changed || len(rows) < before
	}
}

// kinds are those that have a document, in a stable order. One whose rows are all
// gone has an empty document, or the server would never know.
func (v *inventory) kinds() []kind {
	return slices.SortedFunc(maps.Keys(v.rules), func(a, b kind) int { return strings.Compare(a.rule, b.rule) })
}

// document yields the document of a kind piece by piece, with its rows in a
// stable order: of 34,000 series it has 14 MB, which should never be in memory.
// A piece is good until the next one.
func (v *inventory) document(k kind, old bool) iter.Seq[[]byte] {
	open, shut := "[", "]"
	if old {
		open, shut = `{"data":[`, "]}"
	}
	return func(yield func([]byte) bool) {
		piece := append([]byte(nil), open...)
		for i, row := range slices.Sorted(maps.Keys(v.rules[k])) {
			if i > 0 {
				piece = append(piece, ',')
			}
			if piece = appendRow(piece, k, row); !yield(piece) {
				return
			}
			piece = piece[:0]
		}
		yield(append(piece, shut...))
	}
}

// discovery is the key of the discovery rule.
func (k kind) discovery(prefix string) string { return prefix + ".discovery[" + k.rule + "]" }
