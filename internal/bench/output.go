package bench

import (
	"fmt"
	"strings"
)

// checkText wants one line "key-00001 = value" for each key, in order.
func checkText(text string, keys int) error {
	n := 0
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		if !strings.HasSuffix(key, name(n)) || value == "" {
			return fmt.Errorf("line %d of the output is %q, want %s and a value", n+1, line, name(n))
		}
		n++
	}
	if n != keys {
		return fmt.Errorf("the output has %d lines, want %d", n, keys)
	}
	return nil
}
