package sensu

import (
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"concierge/metrics"
)

// points are written one behind the other, with commas between them.
type points struct {
	bytes  []byte
	counts struct{ written, filtered, notNumeric int }
}

// write writes all samples that are numbers.
func (p *points) write(at time.Time, samples []metrics.Sample) {
	p.bytes = p.bytes[:0]
	p.counts = struct{ written, filtered, notNumeric int }{}
	seconds := at.Unix()
	for i := range samples {
		switch s := &samples[i]; {
		case s.Kind == metrics.Text && s.Group == checksGroup && s.Name == outputName: // in the event of the check
		case s.Kind == metrics.Text:
			p.counts.notNumeric++
		case s.Name == "" || math.IsNaN(s.Value) || math.IsInf(s.Value, 0):
			p.counts.filtered++
		default:
			if p.counts.written > 0 {
				p.bytes = append(p.bytes, ',')
			}
			p.bytes = appendPoint(p.bytes, s, seconds)
			p.counts.written++
		}
	}
}

func appendPoint(b []byte, s *metrics.Sample, seconds int64) []byte {
	b = appendText(append(b, `{"name":"`...), s.Name)
	if s.Field != "" {
		b = appendText(append(b, '.'), s.Field)
	}
	b = append(b, `","value":`...)
	b = strconv.AppendFloat(b, s.Value, 'g', -1, 64)
	b = strconv.AppendInt(append(b, `,"timestamp":`...), seconds, 10)
	b = append(b, `,"tags":[`...)
	for i, l := range s.Labels {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(append(b, `{"name":"`...), l.Name)
		b = appendText(append(b, `","value":"`...), l.Value)
		b = append(b, `"}`...)
	}
	return append(b, `]}`...)
}

// appendText appends what stands between the quotes of a JSON string.
func appendText(b []byte, text string) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(text); {
		c := text[i]
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(text[i:])
			b = utf8.AppendRune(b, r) // U+FFFD for what is none
			i += n
			continue
		}
		switch {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
		i++
	}
	return b
}
