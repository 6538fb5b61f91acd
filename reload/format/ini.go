package format

import (
	"strings"
	"unicode"
)

// checkINI accepts lines that are empty, a comment (# or ;), a [section], or
// key = value. Keys and sections may come again: many programs read a list so.
// Values that go on in the next line are not known.
func checkINI(text []byte) *Error {
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		indent := len(line) - len(strings.TrimLeft(line, " \t"))
		kind := lineKind(line[indent:])
		if at := strings.IndexFunc(line, isControl); at >= 0 && kind == "" {
			indent, kind = at, "a control character"
		}
		if kind != "" {
			return &Error{Line: number, Column: indent + 1, Kind: kind}
		}
	}
	return nil
}

// isControl reports whether a character has no place in a line.
func isControl(r rune) bool { return unicode.IsControl(r) && r != '\t' }

// lineKind says what is wrong with a line, which is nothing if that is empty.
func lineKind(line string) string {
	line = strings.TrimPrefix(line, "\ufeff")
	if line == "" || line[0] == '#' || line[0] == ';' {
		return ""
	}
	if line[0] == '[' {
		return sectionKind(line[1:])
	}
	switch key, _, ok := strings.Cut(line, "="); {
	case !ok:
		return "neither a section, a comment nor key = value"
	case strings.TrimSpace(key) == "":
		return "a value without a key"
	}
	return ""
}

// sectionKind is lineKind for what follows the opening bracket.
func sectionKind(rest string) string {
	name, after, ok := strings.Cut(rest, "]")
	after = strings.TrimSpace(after)
	switch {
	case !ok:
		return "a section without its closing bracket"
	case strings.TrimSpace(name) == "":
		return "a section without a name"
	case after != "" && after[0] != '#' && after[0] != ';':
		return "text after a section"
	}
	return ""
}
