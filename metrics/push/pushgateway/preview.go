package pushgateway

import (
	"fmt"
	"io"

	"concierge/metrics"
	"concierge/metrics/exposition"
)

// Preview writes what would be sent for the snapshot, which is a text. It
// connects to nothing.
func (t *Target) Preview(w io.Writer, s *metrics.Snapshot) error {
	text, _ := t.write(new(exposition.Writer), nil, s, false)
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("writing the values: %w", err)
	}
	return nil
}
