package sources

import "maps"

// Snapshot is an immutable set of answers. The zero value is empty. It is safe
// for concurrent use.
//
// It is a large base shared between generations plus a small overlay, so a
// change of one key among ten thousand does not copy ten thousand entries.
type Snapshot struct {
	base, overlay map[Query]Value
	origin        *origin // identifies base
}

// origin is not empty, so that no two have one address.
type origin struct{ _ byte }

// Mark remembers what a snapshot held, for [Snapshot.Since], without keeping
// all of it in memory.
type Mark struct {
	overlay map[Query]Value
	origin  *origin
}

// Mark returns a mark of this snapshot.
func (s Snapshot) Mark() Mark { return Mark{s.overlay, s.origin} }

// Since returns the queries whose answers may differ from those at the mark.
// ok is false when that is not known: the snapshots have nothing in common, or
// too much has changed in between.
func (s Snapshot) Since(m Mark) (changed []Query, ok bool) {
	if s.origin != m.origin {
		return nil, false
	}
	for q, v := range s.overlay {
		if old, known := m.overlay[q]; !known || !old.Equal(v) {
			changed = append(changed, q)
		}
	}
	return changed, true
}

// overlayMax bounds the overlay relative to the base: the base is rebuilt when
// the overlay holds more than 64 entries and more than an eighth of the base.
const overlayMin, overlayShare = 64, 8

// Lookup returns the answer to q; ok is false when none has arrived yet.
func (s Snapshot) Lookup(q Query) (v Value, ok bool) {
	if v, ok = s.overlay[q]; ok {
		return v, true
	}
	v, ok = s.base[q]
	return v, ok
}

// With returns a snapshot that also holds values, and the queries whose answer
// differs from before. A Key or File that ceased to exist keeps its last data
// beside Exists == false: consul-template's `key` goes on with the last value
// of a deleted key, while `keyExists` must see that it is gone.
func (s Snapshot) With(values map[Query]Value) (next Snapshot, changed []Query) {
	fresh := make(map[Query]Value, len(values))
	changed = make([]Query, 0, len(values))
	for q, v := range values {
		old, known := s.Lookup(q)
		if !v.Exists && (q.Kind == Key || q.Kind == File) {
			v.Data, v.Tainted = old.Data, v.Tainted || old.Tainted
		}
		if known && old.Equal(v) {
			continue
		}
		fresh[q] = v
		changed = append(changed, q)
	}
	if len(fresh) == 0 {
		return s, nil
	}
	size := len(s.overlay) + len(fresh)
	if len(s.base) == 0 && len(s.overlay) == 0 {
		return Snapshot{base: fresh, origin: new(origin)}, changed
	}
	if size > overlayMin && size > len(s.base)/overlayShare {
		base := make(map[Query]Value, len(s.base)+size)
		maps.Copy(base, s.base)
		maps.Copy(base, s.overlay)
		maps.Copy(base, fresh)
		return Snapshot{base: base, origin: new(origin)}, changed
	}
	overlay := make(map[Query]Value, size)
	maps.Copy(overlay, s.overlay)
	maps.Copy(overlay, fresh)
	return Snapshot{base: s.base, overlay: overlay, origin: s.origin}, changed
}

// Only returns a snapshot of the answers that keep wants, so that what no
// template uses any more is forgotten.
func (s Snapshot) Only(keep func(Query) bool) Snapshot {
	base := make(map[Query]Value, len(s.base))
	for _, m := range [...]map[Query]Value{s.base, s.overlay} {
		for q, v := range m {
			if keep(q) {
				base[q] = v
			}
		}
	}
	return Snapshot{base: base, origin: new(origin)}
}
