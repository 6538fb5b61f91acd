package render

import (
	"concierge/secrets"
	"concierge/sources"
)

// run is the state of one execution.
type run struct {
	lookup   Lookup
	masked   bool // lookup is a Masked one
	redactor *secrets.Redactor

	used    []sources.Query
	asked   map[sources.Query]struct{}
	lacking []lack
	lacks   map[sources.Query]struct{}
	tainted bool

	scratch Scratch
	depth   int // of nested executeTemplate calls
	// private holds this run's own copy of every secret it read: functions
	// such as mergeMap change maps in place, and the snapshot is shared.
	private map[sources.Query]*sources.SecretData

	captured any // what a loop goes through
	writes   []Write
	printed  []byte // by spew_dump and spew_printf
}

type lack struct {
	query  sources.Query
	offset int // of the call in the template's text
	absent bool
}

func newRun(l Lookup, r *secrets.Redactor) *run {
	_, isMasked := l.(masked)
	return &run{lookup: l, masked: isMasked, redactor: r}
}

// ask looks q up for a call at offset and notes that it was used. Without an
// answer, q is missing.
func (r *run) ask(q sources.Query, offset int) (sources.Value, bool) {
	r.use(q)
	return r.find(q, offset)
}

// use notes that q was used.
func (r *run) use(q sources.Query) {
	if r.asked == nil {
		r.asked = make(map[sources.Query]struct{})
	}
	if _, again := r.asked[q]; !again {
		r.asked[q] = struct{}{}
		r.used = append(r.used, q)
	}
}

// find looks q up for a call at offset. Without an answer, q is missing.
func (r *run) find(q sources.Query, offset int) (sources.Value, bool) {
	v, ok := r.lookup.Lookup(q)
	if !ok {
		r.lack(q, offset, false)
		return v, false
	}
	if v.Tainted {
		r.taint(v)
	}
	return v, true
}

func (r *run) lack(q sources.Query, offset int, absent bool) {
	if _, again := r.lacks[q]; again {
		return
	}
	if r.lacks == nil {
		r.lacks = make(map[sources.Query]struct{})
	}
	r.lacks[q] = struct{}{}
	r.lacking = append(r.lacking, lack{q, offset, absent})
}

// taint makes the value's strings known to the redactor. A masked value has
// nothing to hide.
func (r *run) taint(v sources.Value) {
	r.tainted = true
	if r.masked {
		return
	}
	for s := range leaves(v.Data) {
		r.redactor.Add(s)
	}
}
