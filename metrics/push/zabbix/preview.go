package zabbix

import (
	"bufio"
	"fmt"
	"io"

	"concierge/metrics"
)

// Preview writes what would be sent for the snapshot, one value per line, as
// Zabbix's own sender reads it with -T and -N: host, key, clock, nanoseconds,
// value. It connects to nothing.
func (t *Target) Preview(w io.Writer, s *metrics.Snapshot) error {
	host, err := t.host(s)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	e := newEncoder(t.cfg)
	for i := range s.Samples {
		if e.encode(&s.Samples[i]) == sends {
			_, _ = fmt.Fprintf(out, "\"%s\" \"%s\" %d %d \"%s\"\n",
				host, escapeWord(e.key), s.At.Unix(), s.At.Nanosecond(), escapeWord(e.value))
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the values: %w", err)
	}
	return nil
}

// escapeWord escapes as the sender's file wants it inside double quotes.
func escapeWord(text []byte) []byte {
	var out []byte
	for _, c := range text {
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		default:
			out = append(out, c)
		}
	}
	return out
}
