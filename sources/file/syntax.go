package file

import (
	"fmt"
	"strings"
)

// syntaxError gives the YAML library's "yaml: line 3: reason" the form of all
// other messages.
func syntaxError(path string, err error) error {
	line, reason := locate(err)
	return fmt.Errorf("%s:%d: %s; the last good values stay until it is corrected", path, line, reason)
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
