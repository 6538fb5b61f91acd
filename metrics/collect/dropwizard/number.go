package dropwizard

import (
	"errors"
	"math"
	"strconv"
)

// literal goes over a number, a truth value or null, of which only the last is
// none: ok is false. Jackson's words for what JSON has no number for are
// numbers; one that no float can hold is infinite.
func (s *scanner) literal() (raw string, value float64, ok bool) {
	word, numeric := s.word()
	if numeric {
		value, err := strconv.ParseFloat(word, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			s.failf("%.40q is no value", word)
			return "", 0, false
		}
		return word, value, true
	}
	switch word {
	case "null":
		return "", 0, false
	case "true":
		return "1", 1, true
	case "false":
		return "0", 0, true
	}
	if value, ok := unwritable(word); ok {
		return word, value, true
	}
	s.failf("%.40q is no value", word)
	return "", 0, false
}

// unwritable returns the numbers that JSON has no form for.
func unwritable(word string) (value float64, ok bool) {
	switch word {
	case "NaN":
		return math.NaN(), true
	case "Infinity", "+Infinity":
		return math.Inf(1), true
	case "-Infinity":
		return math.Inf(-1), true
	}
	return 0, false
}
