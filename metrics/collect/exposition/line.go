package exposition

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

var errUnended = errors.New("a text in quotes does not end")

// line is a line that is being read from left to right.
type line struct {
	text string
	at   int
}

func (l *line) done() bool { return l.at == len(l.text) }

// sees says whether c is next.
func (l *line) sees(c byte) bool { return l.at < len(l.text) && l.text[l.at] == c }

// take goes over c if it is next.
func (l *line) take(c byte) bool {
	if !l.sees(c) {
		return false
	}
	l.at++
	return true
}

func (l *line) space() {
	for l.sees(' ') || l.sees('\t') {
		l.at++
	}
}

// word goes over the next word and the space before it.
func (l *line) word() string {
	l.space()
	begin := l.at
	for l.at < len(l.text) && l.text[l.at] != ' ' && l.text[l.at] != '\t' {
		l.at++
	}
	return l.text[begin:l.at]
}

// begins goes over name if the line is a sample of it.
func (l *line) begins(name string) bool {
	rest, ok := strings.CutPrefix(l.text[l.at:], name)
	if !ok || name == "" || rest == "" || rest[0] != '{' && rest[0] != ' ' && rest[0] != '\t' {
		return false
	}
	l.at += len(name)
	return true
}

// identifier goes over a name that needs no quotes. Those of metrics may have
// colons. It is empty if there is none.
func (l *line) identifier(colons bool) string {
	for i := l.at; ; i++ {
		if i < len(l.text) {
			c := l.text[i]
			if 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || '0' <= c && c <= '9' && i > l.at || c == ':' && colons {
				continue
			}
		}
		name := l.text[l.at:i]
		l.at = i
		return name
	}
}

// name goes over the name before the labels. It is empty if the line begins
// with a brace.
func (l *line) name() (string, error) {
	name := l.identifier(true)
	if name == "" && !l.sees('{') || !l.done() && !l.sees('{') && !l.sees(' ') && !l.sees('\t') {
		return "", fmt.Errorf("%.80q does not begin with the name of a metric", l.text)
	}
	return name, nil
}

// metricName goes over the name in a comment, which may be quoted.
func (l *line) metricName() (string, error) {
	l.space()
	if l.sees('"') {
		return l.quoted()
	}
	return l.word(), nil
}

// quoted goes over a text in quotes.
func (l *line) quoted() (string, error) {
	if !l.take('"') {
		return "", errors.New("want a text in quotes")
	}
	ascii := true
	for i := l.at; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '"':
			plain := l.text[l.at:i]
			l.at = i + 1
			if !ascii {
				plain = strings.ToValidUTF8(plain, "\uFFFD")
			}
			return plain, nil
		case c == '\\':
			return l.escaped()
		case c >= 0x80:
			ascii = false
		}
	}
	return "", errUnended
}

// escaped goes over a text with escapes up to its closing quote. There are
// three of them: \\, \" and \n.
func (l *line) escaped() (string, error) {
	var b strings.Builder
	for ; !l.done(); l.at++ {
		c := l.text[l.at]
		if c == '"' {
			l.at++
			return strings.ToValidUTF8(b.String(), "\uFFFD"), nil
		}
		if c == '\\' {
			l.at++
			switch {
			case l.sees('n'):
				c = '\n'
			case l.sees('\\') || l.sees('"'):
				c = l.text[l.at]
			default:
				return "", errors.New(`want \\, \" or \n after a backslash`)
			}
		}
		b.WriteByte(c)
	}
	return "", errUnended
}

// value goes over the value and what follows: a timestamp and an exemplar.
func (l *line) value() (raw string, value float64, err error) {
	raw = l.word()
	value, err = strconv.ParseFloat(raw, 64)
	if errors.Is(err, strconv.ErrRange) {
		err = nil // it is infinite then, as it should be
	}
	// ParseFloat knows hexadecimal numbers, this format does not.
	if hex := strings.TrimLeft(raw, "+-"); err != nil || len(hex) > 1 && hex[1]|0x20 == 'x' {
		return "", 0, fmt.Errorf("the value %.40q is no number", raw)
	}
	l.space()
	if l.done() || l.sees('#') {
		return raw, value, nil
	}
	if stamp := l.word(); strings.Trim(stamp, "0123456789.+-eE") != "" {
		return "", 0, fmt.Errorf("the timestamp %.40q is no number", stamp)
	}
	if l.space(); !l.done() && !l.sees('#') {
		return "", 0, fmt.Errorf("%.40q follows the timestamp", l.text[l.at:])
	}
	return raw, value, nil
}
