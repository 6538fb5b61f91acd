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
	line := func(key, value []byte) {
		_, _ = fmt.Fprintf(out, "\"%s\" \"%s\" %d %d \"%s\"\n", host, escapeWord(key), s.At.Unix(), s.At.Nanosecond(), escapeWord(value))
	}
	if t.cfg.Payload == Document {
		t.eachDocument(s, line)
	}
	e, twins := newEncoder(t.cfg), newTwins()
	for i := range s.Samples {
		if t.carries(&s.Samples[i]) && e.encode(&s.Samples[i]) == sends && !twins.again(e.key, i) {
			line(e.key, e.value)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("writing the values: %w", err)
	}
	return t.checkDocuments(s)
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
