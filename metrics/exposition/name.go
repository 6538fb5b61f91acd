package exposition

import (
	"strings"
	"unicode/utf8"

	"concierge/metrics"
)

// appendName appends the name of a sample with its field.
func appendName(b []byte, s *metrics.Sample) []byte {
	start := len(b)
	b = appendWord(b, s.Name, start, true)
	if s.Field != "" {
		b = append(b, '_')
		b = appendWord(b, s.Field, start, true)
	}
	return b
}

// appendWord appends a part of the word that begins at start; what it cannot
// have becomes an underscore. Only names of metrics have colons.
func appendWord(b []byte, text string, start int, colon bool) []byte {
	for _, r := range text {
		switch {
		case r >= '0' && r <= '9' && len(b) == start:
			b = append(b, '_', byte(r))
		case r < utf8.RuneSelf && isWord(byte(r)) || r == ':' && colon:
			b = append(b, byte(r))
		default:
			b = append(b, '_')
		}
	}
	return b
}

func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}

// appendValue appends the value of a label in quotes.
func appendValue(b []byte, text string) []byte {
	b = append(b, '"')
	text = strings.ToValidUTF8(text, "\ufffd")
	for i := range len(text) {
		switch c := text[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
