package check

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Perf is one value that a check measured: 'label'=value[UOM];[warn];[crit];[min];[max]
// as the Monitoring Plugins Development Guidelines have it.
type Perf struct {
	Label string
	Value float64
	Raw   string // the value as it was written
	Unit  string // s, ms, us, %, B, KB, MB, GB, TB, c (a counter), or any other word; may be empty
	// Warn and Crit are ranges as they were written, such as 10:20 or @5; Min and
	// Max are numbers. Each may be empty.
	Warn, Crit, Min, Max string
}

var (
	errLabel = errors.New("want 'label'=value")
	errValue = errors.New("the value is no number")
)

// ParsePerf returns the values in text, which spaces separate. A value that is
// written U is unknown and left out. What cannot be read is left out, too: the
// error is the first of those, and the rest is good. At most most values are
// returned.
func ParsePerf(text string, most int) ([]Perf, error) {
	var all []Perf
	var first error
	for text = trim(text); text != "" && len(all) < most; text = trim(text) {
		p, known, rest, err := cutPerf(text)
		switch {
		case err != nil:
			first = cmp.Or(first, fmt.Errorf("perfdata %.40q: %w", text, err))
		case known:
			all = append(all, p)
		}
		text = rest
	}
	return all, first
}

// cutPerf cuts the first value off. One that cannot be read ends with the next
// space.
func cutPerf(text string) (p Perf, known bool, rest string, err error) {
	label, behind, err := cutLabel(text)
	if err != nil {
		_, rest := cutWord(text)
		return p, false, rest, err
	}
	word, rest := cutWord(behind)
	p, known, err = parseValue(word)
	p.Label = label
	return p, known, rest, err
}

func trim(text string) string { return strings.TrimLeft(text, " \t\r\n") }

// cutWord cuts off what is before the first space.
func cutWord(text string) (word, rest string) {
	if i := strings.IndexAny(text, " \t\r\n"); i >= 0 {
		return text[:i], text[i+1:]
	}
	return text, ""
}

// cutLabel cuts the label and the equals sign off. A label with spaces or signs
// is in single quotes, in which two of them are one.
func cutLabel(text string) (label, rest string, err error) {
	if text[0] != '\'' {
		label, rest, ok := strings.Cut(text, "=")
		if !ok || label == "" || strings.ContainsAny(label, " \t\r\n'") {
			return "", "", errLabel
		}
		return label, rest, nil
	}
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] != '\'':
		case strings.HasPrefix(text[i:], "''"):
			i++
		case i > 1 && strings.HasPrefix(text[i:], "'="):
			return strings.ReplaceAll(text[1:i], "''", "'"), text[i+2:], nil
		default:
			return "", "", errLabel
		}
	}
	return "", "", errLabel
}

// parseValue reads what is behind the equals sign.
func parseValue(text string) (p Perf, known bool, err error) {
	fields := append(strings.SplitN(text, ";", 6), make([]string, 5)...)
	p.Warn, p.Crit, p.Min, p.Max = fields[1], fields[2], fields[3], fields[4]
	if fields[0] == "U" {
		return p, false, nil
	}
	n := numberLength(fields[0])
	p.Raw, p.Unit = fields[0][:n], fields[0][n:]
	if p.Value, err = strconv.ParseFloat(p.Raw, 64); err != nil || strings.ContainsAny(p.Unit, "0123456789;'\"=") {
		return p, false, errValue
	}
	return p, true, nil
}

// numberLength is how much of text is a number. An E is part of it only with
// digits behind: EB could be a unit.
func numberLength(text string) int {
	digits := func(i int) int {
		for i < len(text) && ('0' <= text[i] && text[i] <= '9' || text[i] == '.') {
			i++
		}
		return i
	}
	sign := func(i int) int {
		if i < len(text) && (text[i] == '-' || text[i] == '+') {
			return i + 1
		}
		return i
	}
	end := digits(sign(0))
	if end < len(text) && text[end]|0x20 == 'e' {
		if from := sign(end + 1); digits(from) > from {
			return digits(from)
		}
	}
	return end
}
