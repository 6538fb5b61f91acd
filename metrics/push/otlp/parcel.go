package otlp

import (
	"bytes"
	"cmp"
	"math"
	"time"

	"github.com/klauspost/compress/gzip"

	"concierge/metrics"
)

// parcel is a snapshot on its way into requests. Its memory is used again.
type parcel struct {
	families families
	encoder  encoder
	zip      *gzip.Writer
	packed   bytes.Buffer
	plain    bool // not compressed, whatever the settings say

	since     time.Time
	family    int   // the next one
	sample    int32 // its next one
	plainSize int   // of the last request
}

// open begins with a snapshot whose sums began at a time.
func (p *parcel) open(s *metrics.Snapshot, since time.Time) {
	p.families.gather(s.Samples)
	p.since, p.family = since, 0
	p.turn()
}

// turn goes to the first sample of the family.
func (p *parcel) turn() {
	if !p.empty() {
		p.sample = p.families.all[p.family].first
	}
}

func (p *parcel) empty() bool { return p.family == len(p.families.all) }

// close lets go of the snapshot, whose strings may be parts of large texts.
func (p *parcel) close() { p.families.forget() }

// pack returns the body of the next request and how many points are in it. The
// body is valid until the next call.
func (p *parcel) pack(c Config, s *metrics.Snapshot) (points int, body []byte, err error) {
	p.encoder.begin(s.At, p.since)
	for most := cmp.Or(c.MaxPoints, math.MaxInt); !p.empty() && p.encoder.points < most; {
		p.sample = p.encoder.add(&p.families, &p.families.all[p.family], s.Samples, p.sample, most-p.encoder.points)
		if p.sample == 0 {
			p.family++
			p.turn()
		}
	}
	head, err := p.encoder.head(c.attributes(s.Host))
	if err != nil {
		return 0, nil, err
	}
	p.plainSize = len(head) + len(p.encoder.body)
	body, err = p.wrap(head, p.plain || c.Plain)
	return p.encoder.points, body, err
}

// wrap puts the head before the encoded metrics, compressed or not.
func (p *parcel) wrap(head []byte, plain bool) ([]byte, error) {
	p.packed.Reset()
	if plain {
		p.packed.Write(head)
		p.packed.Write(p.encoder.body)
		return p.packed.Bytes(), nil
	}
	if p.zip == nil {
		var err error
		if p.zip, err = gzip.NewWriterLevel(&p.packed, gzip.BestSpeed); err != nil {
			return nil, err
		}
	}
	p.zip.Reset(&p.packed)
	for _, part := range [][]byte{head, p.encoder.body} {
		if _, err := p.zip.Write(part); err != nil {
			return nil, err
		}
	}
	err := p.zip.Close()
	return p.packed.Bytes(), err
}
