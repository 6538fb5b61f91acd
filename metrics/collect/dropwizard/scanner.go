package dropwizard

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// deepest is how many values may be inside each other. Metrics need three
// levels; the limit keeps a hostile document from using up the stack.
const deepest = 200

var (
	errNested = fmt.Errorf("it is nested more than %d levels deep", deepest)
	errCut    = errors.New("the document is cut off")
)

// scanner goes over a JSON text from front to back. The first error stays in
// err; after it every step returns nothing. It takes all valid JSON that is not
// nested too deep, and is lenient where strictness has no use: in the form of
// numbers.
type scanner struct {
	text string
	at   int
	err  error
}

// peek returns the first byte of the next value or sign; 0 at the end.
func (s *scanner) peek() byte {
	for s.at < len(s.text) {
		c := s.text[s.at]
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return c
		}
		s.at++
	}
	return 0
}

// expect goes over one sign.
func (s *scanner) expect(sign byte) bool {
	if s.err != nil {
		return false
	}
	if s.peek() != sign {
		s.failf("want %q", sign)
		return false
	}
	s.at++
	return true
}

// members goes over an object and yields the name of each member. The consumer
// goes over its value.
func (s *scanner) members(yield func(name string) bool) {
	if !s.expect('{') {
		return
	}
	if s.peek() == '}' {
		s.at++
		return
	}
	for {
		name := s.string()
		if !s.expect(':') || !yield(name) || s.err != nil {
			return
		}
		if s.peek() != ',' {
			s.expect('}')
			return
		}
		s.at++
	}
}

// string goes over a string. It is a part of the text unless something in it
// is escaped or no UTF-8.
func (s *scanner) string() string {
	if !s.expect('"') {
		return ""
	}
	ascii := true
	for i := s.at; i < len(s.text); i++ {
		switch c := s.text[i]; {
		case c == '"':
			plain := s.text[s.at:i]
			s.at = i + 1
			if !ascii && !utf8.ValidString(plain) {
				plain = string([]rune(plain)) // each wrong byte by itself, as encoding/json does
			}
			return plain
		case c == '\\':
			return s.escaped()
		case c >= 0x80:
			ascii = false
		}
	}
	s.failf("a string does not end")
	return ""
}

// escaped goes over the rest of a string with escapes.
func (s *scanner) escaped() string {
	begin := s.at - 1
	for i := s.at; i < len(s.text); i++ {
		switch s.text[i] {
		case '\\':
			i++
		case '"':
			var decoded string
			if err := json.Unmarshal([]byte(s.text[begin:i+1]), &decoded); err != nil {
				s.failf("a string cannot be read: %w", err)
			}
			s.at = i + 1
			return decoded
		}
	}
	s.failf("a string does not end")
	return ""
}

// word goes over a number or a literal, and says whether it has only what
// numbers have.
func (s *scanner) word() (word string, numeric bool) {
	s.peek()
	begin, numeric := s.at, true
	for ; s.at < len(s.text); s.at++ {
		c := s.text[s.at]
		switch {
		case c-'0' <= 9 || c == '.' || c == '-' || c == '+' || c == 'E' || c == 'e':
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			numeric = false
		default:
			return s.text[begin:s.at], numeric
		}
	}
	return s.text[begin:], numeric
}

// skip goes over any value and returns how it is written.
func (s *scanner) skip() string {
	s.peek()
	begin := s.at
	s.pass(deepest)
	return s.text[begin:s.at]
}

func (s *scanner) pass(levels int) {
	switch s.peek() {
	case '{', '[':
		if levels == 0 {
			s.fail(errNested)
			return
		}
		s.passAll(levels - 1)
	case '"':
		s.string()
	default:
		s.literal()
	}
}

// passAll goes over an object or a list.
func (s *scanner) passAll(levels int) {
	if s.peek() == '{' {
		for range s.members {
			s.pass(levels)
		}
		return
	}
	s.at++
	if s.peek() == ']' {
		s.at++
		return
	}
	for s.err == nil {
		s.pass(levels)
		if s.peek() != ',' {
			s.expect(']')
			return
		}
		s.at++
	}
}

// end says that nothing may follow.
func (s *scanner) end() {
	if s.err == nil && s.peek() != 0 {
		s.failf("something follows the document")
	}
}

func (s *scanner) failf(format string, arguments ...any) {
	if s.at >= len(s.text) {
		s.fail(errCut)
		return
	}
	s.fail(fmt.Errorf(format, arguments...))
}

// fail keeps the first error, with where it was.
func (s *scanner) fail(err error) {
	if s.err == nil {
		line := 1 + strings.Count(s.text[:min(s.at, len(s.text))], "\n")
		s.err = fmt.Errorf("line %d, byte %d: %w", line, s.at, err)
	}
}
