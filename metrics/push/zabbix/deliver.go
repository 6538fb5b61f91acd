package zabbix

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"concierge/metrics"
)

// smallestBatch is where a server that hangs up cannot mean the size: it is how
// many values Zabbix's own sender puts into one request.
const smallestBatch = 250

// batch is a part of a snapshot that fits into one request.
type batch struct {
	next                 int // index of the first sample that is not in it
	filtered, notNumeric int
}

// deliver sends everything in as few requests as the server takes: one, unless
// the settings say less, or it hangs up on a large one. Then the rest is sent in
// smaller ones. Values that it took nevertheless come twice, which it ignores,
// since their moment is the same.
func (t *Target) deliver(ctx context.Context, host string, s *metrics.Snapshot, r *metrics.Receipt) error {
	t.twins.begin()
	for from := 0; ; {
		t.packet.begin(host, s.At)
		b := t.fill(s, from)
		err := t.sendBatch(ctx, b, r)
		switch {
		case errors.Is(err, errHungUp) && t.packet.values > smallestBatch:
			t.limit = max(smallestBatch, t.packet.values/4)
			t.cfg.Log.Warn("the server hung up on a large request; trying smaller ones", "values", t.packet.values, "next", t.limit)
			continue
		case errors.Is(err, errHungUp):
			t.limit = t.cfg.MaxValues // the size was not the reason
			return err
		case err != nil:
			return err
		}
		if from = b.next; from >= len(s.Samples) {
			return nil
		}
	}
}

// fill adds the samples that begin at an index to the packet.
func (t *Target) fill(s *metrics.Snapshot, from int) batch {
	if from == 0 && t.cfg.Payload == Document {
		t.fillDocuments(s)
	}
	b := batch{next: from}
	defer t.encoder.lineage.forget()
	for ; b.next < len(s.Samples) && (t.limit == 0 || t.packet.values < t.limit); b.next++ {
		m := &s.Samples[b.next]
		if !t.carries(m) {
			continue
		}
		switch t.escape(m, b.next) {
		case sends:
			t.packet.add(t.encoder.key, t.encoder.value)
		case filtered:
			b.filtered++
		case notNumeric:
			b.notNumeric++
		}
	}
	return b
}

// escape leaves key and value of a sample in the encoder, if it is the first
// with this key.
func (t *Target) escape(m *metrics.Sample, i int) outcome {
	o := t.encoder.escape(m)
	if o != sends || t.twins == nil || !t.twins.again(t.encoder.key, i) {
		return o
	}
	t.tellTwin(m)
	return filtered
}

// carries reports whether a sample travels by itself: with documents only those
// of concierge do.
func (t *Target) carries(m *metrics.Sample) bool {
	return t.cfg.Payload != Document || t.encoder.shape.isPlain(m)
}

// fillDocuments adds whole documents, each as the value of one master item.
func (t *Target) fillDocuments(s *metrics.Snapshot) {
	t.eachDocument(s, func(key, text []byte) { addText(&t.packet, string(key), text) })
}

// eachDocument calls do with those documents that can be sent, in their order.
func (t *Target) eachDocument(s *metrics.Snapshot, do func(key, text []byte)) {
	for _, name := range slices.Sorted(maps.Keys(s.Documents)) {
		key, ok := t.documentKey(name)
		if text := s.Documents[name]; ok && len(text) <= t.cfg.MaxDocument {
			do(key, text)
		}
	}
}

func (t *Target) documentKey(name string) ([]byte, bool) {
	key, ok := appendParam([]byte(t.cfg.Prefix+".document["), name)
	return append(key, ']'), ok && len(key) < longestKey
}

// checkDocuments names the documents that could not be sent.
func (t *Target) checkDocuments(s *metrics.Snapshot) error {
	if t.cfg.Payload != Document {
		return nil
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Documents)) {
		if n := len(s.Documents[name]); n > t.cfg.MaxDocument {
			errs = append(errs, fmt.Errorf("the document of %s has %d bytes, more than %d: lower the endpoint's max_bytes, or write payload: items", name, n, t.cfg.MaxDocument))
		}
		if _, ok := t.documentKey(name); !ok {
			errs = append(errs, fmt.Errorf("the name of endpoint %q cannot be part of a Zabbix key: rename the endpoint", name))
		}
	}
	return errors.Join(errs...)
}

// sendBatch sends the packet and books the server's verdict.
func (t *Target) sendBatch(ctx context.Context, b batch, r *metrics.Receipt) error {
	frame, err := t.packet.end()
	if err != nil {
		return err
	}
	wire := r.WireBytes
	a, err := t.exchange(ctx, frame, t.packet.total, r)
	if errors.Is(err, errHungUp) && t.packet.values > smallestBatch {
		return err // it is sent again, and booked then
	}
	r.Filtered += b.filtered
	r.NotNumeric += b.notNumeric
	if r.WireBytes > wire {
		r.Sent += t.packet.values
	}
	if err != nil {
		return err
	}
	v, err := readVerdict(a, t.packet.values)
	if err != nil {
		return err
	}
	r.Accepted += v.processed
	r.Rejected += v.failed
	r.Server += v.spent
	return nil
}

// readVerdict takes a success without an account as one of all values.
func readVerdict(a answer, sent int) (verdict, error) {
	if a.Info == "" {
		return verdict{processed: sent}, nil
	}
	return parseInfo(a.Info, sent)
}
