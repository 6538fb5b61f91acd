package rollout

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"concierge/cluster"
)

// Parse makes a [View] of what is below [Prefix] and below [AckPrefix]. Only a
// record that cannot be understood is an error, and then nothing of the set may
// be touched. Of the rest, what cannot be understood is on the safe side: a
// slot is taken, a hold holds, an acknowledgement proves nothing.
func Parse(set string, state, acks cluster.View) (View, error) {
	return (&parser{set: set}).parse(state, acks)
}

// parser parses the views of a set, one after the other, and decodes of each
// what was written since the one before. It is owned by one goroutine at a time.
type parser struct {
	set         string
	state, acks cluster.Memo[meaning]
}

// meaning is what an entry says, to be put into a view.
type meaning struct {
	put func(*View) // nil: nothing
	err error
}

func (p *parser) parse(state, acks cluster.View) (View, error) {
	v := View{
		Set: p.set, Acks: make(map[string]Noted, len(acks.Entries)), Holds: make(map[string]Frozen),
		Slots: make([]Held, 0, len(state.Entries)),
	}
	for _, m := range p.state.Read(state, p.meaning) {
		if m.err != nil {
			return View{}, m.err
		}
		if m.put != nil {
			m.put(&v)
		}
	}
	for _, m := range p.acks.Read(acks, p.ack) {
		if m.put != nil {
			m.put(&v)
		}
	}
	return v, nil
}

// meaning of an entry below [Prefix].
func (p *parser) meaning(e cluster.Entry) (m meaning) {
	part := strings.Split(strings.TrimPrefix(e.Key, Prefix(p.set)), "/")
	switch {
	case e.Key == recordKey(p.set):
		m.put, m.err = parseRecord(e)
	case e.Key == goodKey(p.set):
		var good Good
		good, m.err = decode[Good](e.Value)
		m.put = func(v *View) { v.Good = good }
	case e.Key == troubleKey(p.set):
		m.put = parseTrouble(e)
	case part[0] == "hold":
		m.put = parseHold(e, part[1:])
	case part[0] == "slot" && len(part) == 3:
		m.put = parseSlot(e, part[1], part[2])
	}
	if m.err != nil {
		m.err = fmt.Errorf("reading %s: %w", e.Key, m.err)
	}
	return m
}

func parseRecord(e cluster.Entry) (func(*View), error) {
	r, err := decodeRecord(e.Value)
	if err == nil {
		err = r.check()
	}
	return func(v *View) { v.Record, v.Version = r, e.Version }, err
}

// parseTrouble takes one that cannot be read for one that is to be written anew.
func parseTrouble(e cluster.Entry) func(*View) {
	t, err := decode[Trouble](e.Value)
	if err != nil {
		t = Trouble{}
	}
	return func(v *View) { v.Trouble = &Told{t, at(e)} }
}

func parseHold(e cluster.Entry, rest []string) func(*View) {
	id := ""
	if len(rest) > 0 {
		id, _ = Unescape(rest[0])
	}
	h, err := decode[Hold](e.Value)
	if err != nil {
		h = Hold{Why: "an entry that cannot be read"}
	}
	return func(v *View) { v.Holds[id] = Frozen{h, at(e)} }
}

func parseSlot(e cluster.Entry, domain, number string) func(*View) {
	name, ok := Unescape(domain)
	n, err := strconv.Atoi(number)
	if !ok || err != nil {
		return nil // nobody ever asks for it
	}
	slot, err := decode[Slot](e.Value)
	if err != nil {
		slot = Slot{}
	}
	return func(v *View) { v.Slots = append(v.Slots, Held{slot, name, n, at(e)}) }
}

// ack is the meaning of an entry below [AckPrefix].
func (p *parser) ack(e cluster.Entry) (m meaning) {
	id, ok := Unescape(strings.TrimPrefix(e.Key, AckPrefix(p.set)))
	ack, err := decode[Ack](e.Value)
	if !ok {
		return m
	}
	if err != nil {
		ack = Ack{}
	}
	m.put = func(v *View) { v.Acks[id] = Noted{ack, at(e)} }
	return m
}

func at(e cluster.Entry) cluster.Condition { return cluster.Condition{Key: e.Key, Version: e.Version} }

// reading is what a watch shows as a [View], which is made once for each change.
// Its methods may be called concurrently.
type reading struct {
	sight *sight

	mu     sync.Mutex // guards all below
	parser parser
	of     <-chan struct{} // the change before which it was made
	view   View
	err    error
}

func newReading(set string) *reading { return &reading{sight: newSight(), parser: parser{set: set}} }

// glance is a view as a watch showed it.
type glance struct {
	View
	revision uint64
	known    bool            // the watch has shown something
	err      error           // it could not be understood
	changed  <-chan struct{} // closed when there is something newer
}

// now is what the watch shows, without acknowledgements.
func (r *reading) now() glance {
	r.mu.Lock()
	defer r.mu.Unlock()
	raw, known, changed := r.sight.now()
	if known && r.of != changed {
		r.view, r.err = r.parser.parse(raw, cluster.View{})
		r.of = changed
	}
	return glance{r.view, raw.Revision, known, r.err, changed}
}
