package zabbix

import (
	"hash/maphash"

	"concierge/metrics"
)

// twins finds values of one snapshot with the same key, as an endpoint has them
// that says a thing twice, or whose metrics a rule gave one name. A server keeps
// one value for an item and a moment: 6.0 logs an error of its database for the
// other, 7.0 moves it by a nanosecond. Its memory is used again.
type twins struct {
	seed  maphash.Seed
	first map[uint64]int32 // hash of a key → the sample that has it
	told  bool             // the log says so
}

func newTwins() *twins {
	return &twins{seed: maphash.MakeSeed(), first: make(map[uint64]int32)}
}

// begin forgets the last snapshot.
func (t *twins) begin() {
	if t != nil {
		clear(t.first)
	}
}

// again reports whether the key is that of an earlier sample. One that is asked
// about again, since its request is sent again, is no twin of itself.
func (t *twins) again(key []byte, i int) bool {
	hash := maphash.Bytes(t.seed, key)
	first, known := t.first[hash]
	if !known {
		t.first[hash] = int32(i)
	}
	return known && first != int32(i)
}

// tellTwin logs the first twin that there ever was.
func (t *Target) tellTwin(m *metrics.Sample) {
	if !t.twins.told {
		t.twins.told = true
		t.cfg.Log.Warn("several values have the same key: the first of them is delivered, the others are counted as filtered", "value", clip(m.Path()))
	}
}
