package render

import (
	"errors"
	"fmt"
	"strings"
)

// Error says what is wrong with a template and where. Its text and all its
// fields are free of the secrets that the template read; for that reason it
// wraps no cause.
type Error struct {
	File         string
	Line, Column int    // from 1; 0 if unknown; the column counts bytes
	Func         string // the function that failed, if one did
	Cause        string
	Hint         string // what to try next
}

// Error implements error, as "file:line:column: function: cause (hint)".
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Line > 0 && e.Column > 0 {
		fmt.Fprintf(&b, ":%d", e.Column)
	}
	b.WriteString(": ")
	if e.Func != "" {
		b.WriteString(e.Func + ": ")
	}
	b.WriteString(e.Cause)
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

var errDisabled = errors.New("this function is disabled")

// hint adds to err what its reader can do about it.
func hint(err error, advice string) error { return &hinted{err, advice} }

type hinted struct {
	error
	advice string
}

func (h *hinted) Error() string { return h.error.Error() + " (" + h.advice + ")" }

func (h *hinted) Unwrap() error { return h.error }

// position returns the line and column of an offset, both from 1.
func position(text string, offset int) (line, column int) {
	before := text[:min(max(offset, 0), len(text))]
	return 1 + strings.Count(before, "\n"), len(before) - strings.LastIndexByte(before, '\n')
}
