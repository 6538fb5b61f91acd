package cycle

import (
	"context"
	"sync"
	"time"

	"concierge/metrics"
)

// Measure reads every source once, all at the same time, and returns what was
// read as of that moment. A source that fails is told to the observer and left
// out.
func Measure(ctx context.Context, o Options) *metrics.Snapshot {
	s := &metrics.Snapshot{At: time.Now(), Host: o.Host}
	read := make([][]metrics.Sample, len(o.Sources))
	var readers sync.WaitGroup
	for i, source := range o.Sources {
		readers.Go(func() { read[i] = collect(ctx, source, o) })
	}
	readers.Wait()
	if len(read) == 1 {
		s.Samples = read[0] // the usual case, without a copy
	} else {
		for _, samples := range read {
			s.Samples = append(s.Samples, samples...)
		}
	}
	if o.Refine != nil {
		s.Samples = o.Refine(s.Samples)
	}
	if o.Own != nil {
		s.Samples = o.Own(s.Samples)
	}
	for _, source := range o.Sources {
		if d, ok := source.Collector.(Documenter); ok {
			if name, text := d.Document(); text != nil {
				if s.Documents == nil {
					s.Documents = make(map[string][]byte)
				}
				s.Documents[name] = text
			}
		}
	}
	return s
}

// Documenter is a collector that keeps the whole answer of its last reading.
type Documenter interface {
	// Document returns the answer, nil if there is none. It is not changed by
	// the next reading.
	Document() (name string, text []byte)
}

// collect reads one source.
func collect(ctx context.Context, source Source, o Options) []metrics.Sample {
	ctx, cancel := context.WithTimeout(ctx, source.Timeout)
	defer cancel()
	began := time.Now()
	samples, err := source.Collector.Collect(ctx, nil)
	if o.Observer != nil {
		o.Observer.Scraped(source.Name, len(samples), time.Since(began), err)
	}
	if err != nil {
		return nil
	}
	return samples
}
