package config

import (
	"fmt"
	"strings"
)

// syntax gives the YAML library's "yaml: line 3: reason" the form of all other
// errors.
func (d *decoder) syntax(err error) {
	line, reason := locate(err)
	reason, hint := "cannot be parsed: "+reason, "check indentation and quotes"
	if strings.Contains(reason, "unknown anchor") {
		// The name of the anchor is not shown: it may be a secret that begins
		// with an asterisk.
		reason, hint = "refers to an unknown anchor", "put values that begin with * in quotes"
	}
	d.errs = append(d.errs, &Error{
		Origin: Origin{File: d.source, Line: line, Column: 1, layer: d.layer}, Reason: reason, Hint: hint,
	})
}

// locate parts the library's text into line and reason. The library counts
// from one in errors of its scanner, from zero in those of its parser, and
// leaves out a zero.
func locate(err error) (line int, reason string) {
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	if _, scanErr := fmt.Sscanf(text, "line %d:", &line); scanErr != nil {
		return 1, text
	}
	_, reason, _ = strings.Cut(text, ": ")
	for _, parser := range []string{"expected <", "expected key", "expected node", "expected ','", "expected '-'", "found duplicate %", "found undefined tag", "found incompatible"} {
		if strings.Contains(reason, parser) {
			line++
		}
	}
	return line, reason
}
