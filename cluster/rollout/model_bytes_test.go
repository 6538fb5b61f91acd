package rollout

import "strings"

func (p *printer) put(n ...int) {
	for _, n := range n {
		p.out = append(p.out, byte(n))
	}
}

func (p *printer) bits(all ...bool) {
	var n byte
	for i, b := range all {
		if b {
			n |= 1 << i
		}
	}
	p.out = append(p.out, n)
}

func (p *printer) number(n uint16) { p.out = append(p.out, byte(n), byte(n>>8)) }

// word is the text of a number.
func (p *printer) word(n uint16) string {
	for s, k := range p.texts {
		if k == n {
			return s
		}
	}
	return ""
}

func (p *printer) text(s string) { p.number(p.id(s)) }

func (p *printer) id(s string) uint16 {
	n, ok := p.texts[s]
	if !ok {
		if len(p.texts) > 60_000 {
			panic("too many texts for two bytes")
		}
		n = uint16(len(p.texts))
		p.texts[s] = n
	}
	return n
}

// bare is the number of an entry without what is only shown to people.
func (p *printer) bare(key string, value []byte) uint16 {
	if known, ok := p.plain[string(value)]; ok {
		return known
	}
	text := string(value)
	switch {
	case strings.HasSuffix(key, "/record"):
		r, _ := decodeRecord(value)
		r.Epoch, r.Reason, r.DecidedBy, r.Failed, r.Note = 0, "", "", 0, nil
		text = string(encodeRecord(r))
	case strings.HasSuffix(key, "/good"):
		g, _ := decode[Good](value)
		text = g.Release
	case strings.HasPrefix(key, "ack/"):
		a, _ := decode[Ack](value)
		a.Evidence, a.Seconds = "", 0
		text = string(encode(a))
	}
	n := p.id(text)
	p.plain[string(value)] = n
	return n
}
