package statsd

import (
	"math"
	"strconv"
	"unicode"
	"unicode/utf8"

	"concierge/metrics"
)

// lineWriter writes lines of one dialect. It is used by one goroutine.
type lineWriter struct {
	dialect Dialect
	prefix  string
	tags    []metrics.Label // of every line
	name    []byte          // of the last sample, as it stands before the colon
	rest    []byte          // its tags, as they stand behind the type
}

// series makes the name and the tags of a sample, and returns whether there is
// a name.
func (w *lineWriter) series(s *metrics.Sample) bool {
	w.name, w.rest = w.name[:0], w.rest[:0]
	if s.Name == "" {
		return false
	}
	if w.prefix != "" {
		w.name = append(appendName(w.name, w.prefix, w.dialect), '.')
	}
	w.name = appendName(w.name, s.Name, w.dialect)
	if s.Field != "" {
		w.name = appendName(append(w.name, '.'), s.Field, w.dialect)
	}
	if w.dialect == Plain {
		for i := range s.Labels {
			w.name = appendPart(append(w.name, '.'), s.Labels[i].Name)
			w.name = appendPart(append(w.name, '.'), s.Labels[i].Value)
		}
		return true
	}
	w.addTags(w.tags)
	w.addTags(s.Labels)
	return true
}

func (w *lineWriter) addTags(tags []metrics.Label) {
	for i := range tags {
		if tags[i].Name == "" {
			continue
		}
		if len(w.rest) == 0 {
			w.rest = append(w.rest, "|#"...)
		} else {
			w.rest = append(w.rest, ',')
		}
		w.rest = appendTag(w.rest, tags[i].Name, true)
		w.rest = appendTag(append(w.rest, ':'), tags[i].Value, false)
	}
}

// appendGauge appends the lines that set a gauge. In plain StatsD a sign means a
// step, so a negative value needs a step down from 0.
func (w *lineWriter) appendGauge(b []byte, v float64) []byte {
	if v < 0 && w.dialect == Plain {
		b = append(w.append(b, 0, 'g'), '\n')
	}
	return w.append(b, v, 'g')
}

// appendCount appends the line that adds to a counter.
func (w *lineWriter) appendCount(b []byte, v float64) []byte { return w.append(b, v, 'c') }

func (w *lineWriter) append(b []byte, v float64, kind byte) []byte {
	b = append(append(b, w.name...), ':')
	b = append(appendNumber(b, v), '|', kind)
	return append(b, w.rest...)
}

// appendNumber appends a number without an exponent, which many servers do not
// read, unless it is so large or small that it would be very long.
func appendNumber(b []byte, v float64) []byte {
	const largest, smallest = 1e21, 1e-9
	if size := math.Abs(v); size != 0 && (size >= largest || size < smallest) {
		return strconv.AppendFloat(b, v, 'g', -1, 64)
	}
	return strconv.AppendFloat(b, v+0, 'f', -1, 64) // +0: there is no -0
}

// appendName appends a dotted name: letters, digits, dots and underscores, and in
// plain StatsD dashes. Datadog turns all else into underscores, too.
func appendName(b []byte, name string, d Dialect) []byte {
	for _, r := range name {
		switch {
		case isWord(r) || r == '.' || r == '-' && d == Plain:
			b = append(b, byte(r))
		default:
			b = append(b, '_')
		}
	}
	return b
}

// appendPart appends a part of a name between two dots.
func appendPart(b []byte, part string) []byte {
	if part == "" {
		return append(b, '_')
	}
	for _, r := range part {
		if isWord(r) || r == '-' {
			b = append(b, byte(r))
		} else {
			b = append(b, '_')
		}
	}
	return b
}

func isWord(r rune) bool {
	return r < utf8.RuneSelf && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_')
}

// appendTag appends the name or the value of a tag, of which Datadog stores 200
// characters together: what separates tags and lines becomes an underscore.
func appendTag(b []byte, text string, name bool) []byte {
	const longest = 100
	n := 0
	for _, r := range text {
		if n++; n > longest {
			break
		}
		if r == ',' || r == '|' || r == '#' || r == ':' && name || !unicode.IsPrint(r) || r == utf8.RuneError {
			r = '_'
		}
		b = utf8.AppendRune(b, r)
	}
	return b
}
