package cycle

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"concierge/metrics"
)

// Measure reads every source once, all at the same time, and returns what was
// read as of that moment. A source that fails is told to the observer and left
// out.
func Measure(ctx context.Context, o Options) *metrics.Snapshot {
	return newMeasurer(o).measure(ctx).Snapshot
}

// measurer measures again and again, in the same memory: 34,000 samples are
// 3.5 MB, which would be garbage after each cycle. It belongs to one goroutine.
type measurer struct {
	o       Options
	read    [][]metrics.Sample // memory of each source but the largest
	largest int                // the source that had the most samples
	// free has one slot: the samples of a snapshot that everybody is done with.
	free chan []metrics.Sample
}

func newMeasurer(o Options) *measurer {
	return &measurer{o: o, read: make([][]metrics.Sample, len(o.Sources)), free: make(chan []metrics.Sample, 1)}
}

// shared is a snapshot that several hold.
type shared struct {
	*metrics.Snapshot
	holders atomic.Int32
	free    chan<- []metrics.Sample
}

// release is called by each holder once. The last one gives the memory back.
func (s *shared) release() {
	if s.holders.Add(-1) > 0 {
		return
	}
	clear(s.Samples) // they are parts of a text that may go
	select {
	case s.free <- s.Samples[:0]:
	default:
	}
}

// measure reads every source once. The largest one is read into the snapshot,
// the others are appended to it in their order.
func (m *measurer) measure(ctx context.Context) *shared {
	s := &metrics.Snapshot{At: time.Now(), Host: m.o.Host}
	if len(m.read) > 0 {
		select {
		case m.read[m.largest] = <-m.free:
		default:
		}
	}
	var readers sync.WaitGroup
	for i, source := range m.o.Sources {
		readers.Go(func() { m.read[i] = collect(ctx, source, m.o, m.read[i]) })
	}
	readers.Wait()
	s.Samples = m.together()
	if m.o.Refine != nil {
		s.Samples = m.o.Refine(s.Samples)
	}
	if m.o.Own != nil {
		s.Samples = m.o.Own(s.Samples)
	}
	s.Documents = documents(m.o.Sources)
	return &shared{Snapshot: s, free: m.free}
}

// together puts what was read into one piece and keeps the rest of the memory.
func (m *measurer) together() []metrics.Sample {
	for i := range m.read {
		if len(m.read[i]) > len(m.read[m.largest]) {
			m.largest = i
		}
	}
	var all []metrics.Sample
	if len(m.read) > 0 {
		all, m.read[m.largest] = m.read[m.largest], nil
	}
	for i, samples := range m.read {
		all = append(all, samples...)
		clear(samples)
		m.read[i] = samples[:0]
	}
	return all
}

// documents are the whole answers that sources have kept; nil if there are none.
func documents(sources []Source) map[string][]byte {
	var kept map[string][]byte
	for _, source := range sources {
		if d, ok := source.Collector.(Documenter); ok {
			if name, text := d.Document(); text != nil {
				if kept == nil {
					kept = make(map[string][]byte)
				}
				kept[name] = text
			}
		}
	}
	return kept
}

// Documenter is a collector that keeps the whole answer of its last reading.
type Documenter interface {
	// Document returns the answer, nil if there is none. It is not changed by
	// the next reading.
	Document() (name string, text []byte)
}

// collect reads one source into memory that nobody uses.
func collect(ctx context.Context, source Source, o Options, memory []metrics.Sample) []metrics.Sample {
	ctx, cancel := context.WithTimeout(ctx, source.Timeout)
	defer cancel()
	began := time.Now()
	samples, err := source.Collector.Collect(ctx, memory[:0])
	reading := metrics.Reading{Samples: len(samples), Took: time.Since(began), Err: err}
	if sized, ok := source.Collector.(interface{ Size() int }); ok {
		reading.Bytes = sized.Size()
	}
	if err != nil {
		samples, reading.Samples = memory[:0], 0
	}
	if o.Observer != nil {
		o.Observer.Scraped(source.Name, reading)
	}
	return samples
}
