package statsd

// packet is a datagram that is being filled with lines.
type packet struct {
	bytes  []byte
	most   int
	values int // lines, but those of one value are one
	spare  []byte
}

func (p *packet) reset() { p.bytes, p.values = p.bytes[:0], 0 }

// scratch is memory for one line.
func (p *packet) scratch() []byte {
	if p.spare == nil {
		p.spare = make([]byte, 0, 1024)
	}
	return p.spare[:0]
}

// add adds a line if it fits as a whole.
func (p *packet) add(line []byte) bool {
	size := len(line)
	if len(p.bytes) > 0 {
		size++
	}
	if len(p.bytes)+size > p.most {
		return false
	}
	if len(p.bytes) > 0 {
		p.bytes = append(p.bytes, '\n')
	}
	p.bytes = append(p.bytes, line...)
	p.values++
	return true
}
