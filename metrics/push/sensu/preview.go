package sensu

import (
	"fmt"
	"io"

	"concierge/metrics"
)

// Preview writes the events that would be sent for the snapshot, one per line.
// It connects to nothing.
func (t *Target) Preview(w io.Writer, s *metrics.Snapshot) error {
	for _, v := range verdicts(s.Samples) {
		body, err := t.cfg.marshal(s.At, v)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(w, "%s\n", body); err != nil {
			return fmt.Errorf("writing the events: %w", err)
		}
	}
	var p points
	p.write(s.At, s.Samples)
	if p.counts.written == 0 {
		return nil
	}
	body, err := t.cfg.appendMetrics(nil, s.At, p.bytes)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "%s\n", body); err != nil {
		return fmt.Errorf("writing the events: %w", err)
	}
	return nil
}
