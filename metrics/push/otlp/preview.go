package otlp

import (
	"bufio"
	"fmt"
	"io"

	"concierge/metrics"
)

// Preview writes the points that would be sent for the snapshot, one per line
// and in the order of the request, which itself is nothing to be read: name,
// attributes, value. It connects to nothing.
func (t *Target) Preview(w io.Writer, s *metrics.Snapshot) error {
	var f families
	f.gather(s.Samples)
	out := bufio.NewWriter(w)
	for _, family := range f.all {
		for i := family.first; ; i = f.next[i] {
			point := metrics.Sample{Name: family.path(), Labels: s.Samples[i].Labels, Value: s.Samples[i].Value}
			_, _ = fmt.Fprintf(out, "%s %s\n", point.Path(), point.Written())
			if i == family.last {
				break
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the values: %w", err)
	}
	return nil
}
