package rollout

import (
	"crypto/sha256"
	"strings"

	"concierge/cluster"
)

// printer makes a short form of a world: all that decides about what can happen,
// and nothing else. What differs between two worlds of one form is never looked
// at again: epochs, words for people, versions but for whether they are the one
// that is there, the names of lives but for whether they are the present one.
type printer struct {
	out   []byte
	texts map[string]uint16 // numbers of texts
	plain map[string]uint16 // numbers of values, without what nobody decides by
	*world
	names bool // a transaction is under way that names lives and slots
}

func newPrinter() *printer {
	return &printer{texts: make(map[string]uint16), plain: make(map[string]uint16)}
}

// print is the hash of the form: 128 bits of it, so that in a hundred million
// states the chance of two with one hash is below 2^-74.
func (p *printer) print(w *world) (sum [16]byte) {
	p.out, p.world = p.out[:0], w
	p.names = w.stray != nil || w.boss.decided != nil || w.boss.looked != nil
	for _, a := range w.actors {
		p.names = p.names || a.asked != nil
	}
	p.bits(p.names, w.strong)
	p.record(w.look())
	for _, a := range w.actors {
		p.instance(a)
	}
	p.txn(w.stray)
	p.leader(w.boss)
	p.text(w.live)
	l := w.left
	p.put(int(w.at), l.crash, l.stop, l.cut, l.depose, l.slow, l.rotate, l.operator, l.edit, l.shrink, l.ill)
	long := sha256.Sum256(p.out)
	copy(sum[:], long[:])
	return sum
}

// record is the record and what is about no instance.
func (p *printer) record(v View) {
	for _, e := range p.store.Read(recordAt).Entries {
		p.number(p.bare(e.Key, e.Value))
	}
	p.text(v.Good.Release) // the model has no holds
}

// instance is all about one: itself, its slot, its acknowledgement, its entry.
func (p *printer) instance(a actor) {
	v := p.look()
	p.put(int(a.phase))
	p.bits(a.stopped, a.cut, a.fenced, a.sick, a.unwell)
	p.text(a.running)
	p.text(string(a.result))
	p.bits(a.slot.At.Version == cluster.Absent, p.past(a.slot.At))
	p.text(a.slot.Release)
	p.txn(a.asked)
	lives := lives{a.incarnation()}
	if s, ok := v.held(a.id); ok {
		p.put(1 + p.seat(s, v))
		p.life(&lives, s.Incarnation)
		p.slot(s.Slot)
	} else {
		p.put(0)
	}
	m, there := v.member(a.id)
	p.bits(there, m.Sick)
	p.text(m.Running)
	if there {
		p.life(&lives, m.Incarnation)
	}
	p.ack(&lives, v.Acks[a.id], m, v.Record)
}

// seat is the number of a slot, where it matters: two that may both be taken are
// alike, unless their number may be lowered.
func (p *printer) seat(s Held, v View) int {
	if !p.names && p.left.shrink == 0 && s.N < v.Record.Slots[""] {
		return 0
	}
	return 1 + s.N
}

func (p *printer) slot(s Slot) {
	p.put(int(s.Rollout), s.Stage)
	p.text(s.Release)
	p.bits(s.Trial)
}

// ack is an acknowledgement. Of a former rollout only what it says of the
// release that runs is looked at, as long as it is the newest that was said.
func (p *printer) ack(lives *lives, a Noted, m Member, r Record) {
	newer := m.ID != "" && a.At.Version > m.Version // the next entry will be newer anyway
	p.bits(a.At.Version != cluster.Absent, newer, a.Rollout == r.ID, a.Result == Lost)
	if a.At.Version == cluster.Absent {
		return
	}
	p.life(lives, a.Incarnation)
	if a.Rollout != r.ID && !newer && a.Result != Lost && p.boss.looked == nil {
		return
	}
	p.text(a.Running)
	if a.Rollout == r.ID || p.boss.looked != nil {
		p.put(int(a.Rollout), a.Stage, a.Fails)
		p.text(a.Release)
		p.text(string(a.Result))
	}
}

// lives of one instance, the present one first.
type lives []string

func (p *printer) life(known *lives, name string) {
	if p.names {
		p.text(name)
		return
	}
	for n, k := range *known {
		if k == name {
			p.put(n)
			return
		}
	}
	p.put(len(*known))
	*known = append(*known, name)
}

func (p *printer) leader(b boss) {
	p.bits(b.up, b.sound, b.memory.bake.on)
	p.put(int(b.memory.bake.rollout), b.memory.bake.stage)
	p.txn(b.decided)
	v := p.look()
	for _, a := range p.actors {
		slot, _ := v.held(a.id)
		p.times(b, slot.At)
		p.times(b, v.Acks[a.id].At)
	}
	if b.looked != nil {
		p.seen(*b.looked)
	}
}

// times says which of the leader's times are over.
func (p *printer) times(b boss, c cluster.Condition) {
	p.bits(b.memory.held[c] == over, b.memory.missing[c] == over)
}

// seen is what the leader has looked at, and is not as it was then.
func (p *printer) seen(v View) {
	for _, s := range v.Slots {
		p.token(s.At)
		p.text(s.Holder)
		p.text(s.Incarnation)
		p.slot(s.Slot)
		p.times(p.boss, s.At)
	}
	for _, a := range p.actors {
		k := v.Acks[a.id]
		p.token(k.At)
		if p.past(k.At) {
			m, _ := p.look().member(a.id)
			p.bits(k.At.Version > m.Version)
			k.Evidence, k.Seconds = "", 0
			p.text(string(encode(k.Ack)))
			p.times(p.boss, k.At)
		}
	}
}

// token says of a version whether it is the one that is there: older ones are
// all alike.
func (p *printer) token(c cluster.Condition) {
	switch {
	case c.Version == cluster.Absent:
		p.put(0)
	case p.past(c):
		p.put(1)
	default:
		p.put(2)
		p.text(c.Key)
	}
}

func (p *printer) txn(t *cluster.Txn) {
	if t == nil {
		p.put(254)
		return
	}
	for _, c := range t.If {
		p.text(c.Key)
		p.bits(c.Version == cluster.Absent)
	}
	for _, w := range t.Then {
		if !strings.HasPrefix(w.Key, "evt/") {
			p.text(w.Key)
			p.bits(w.Delete)
			p.number(p.bare(w.Key, w.Value))
		}
	}
	p.put(253)
}
