package statsd

import (
	"bufio"
	"fmt"
	"io"

	"concierge/metrics"
)

// Preview writes the lines that would be sent for the snapshot if it were the
// first one. Of counters, whose growth is sent, a first one has none; a comment
// says how many there are. It opens nothing.
func (t *Target) Preview(w io.Writer, s *metrics.Snapshot) error {
	first := Target{
		cfg: t.cfg, lines: t.cfg.lines(), packet: packet{most: t.cfg.MaxPacket},
		counters: counters{last: make(map[string]sum), most: t.cfg.MaxCounters},
	}
	out := bufio.NewWriter(w)
	var r metrics.Receipt
	for i := range s.Samples {
		first.packet.reset()
		if line, ok := first.line(&s.Samples[i], s.At, &r); ok && first.packet.add(line) {
			_, _ = fmt.Fprintf(out, "%s\n", line)
		}
	}
	if n := len(first.counters.last); n > 0 {
		_, _ = fmt.Fprintf(out, "# counters are sent as their growth, from the second delivery on: %d\n", n)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the values: %w", err)
	}
	return nil
}
