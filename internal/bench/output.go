package bench

import (
	"fmt"
	"os"
	"strings"
)

// checkOutput wants a rendering of all keys, so that nobody is fast by leaving
// something out.
func checkOutput(j job) error {
	var all strings.Builder
	for n := range j.files() {
		text, err := os.ReadFile(j.output(n))
		if err != nil {
			return err
		}
		all.Write(text)
	}
	if j.form == variables {
		return checkVariables(all.String(), j.keys)
	}
	return checkText(all.String(), j.scenario)
}

// checkText wants one line "key-00001 = value" for each key, in order.
func checkText(text string, s scenario) error {
	n := 0
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " = ")
		if want := name(s.key(n)); !strings.HasSuffix(key, want) || value == "" {
			return fmt.Errorf("line %d of the output is %q, want %s and a value", n+1, line, want)
		}
		n++
	}
	if n != s.keys {
		return fmt.Errorf("the output has %d lines, want %d", n, s.keys)
	}
	return nil
}

// checkVariables wants a variable for each key among others. Programs name
// them differently: the values count.
func checkVariables(text string, keys int) error {
	n := 0
	for variable := range strings.SplitSeq(text, "\x00") {
		_, value, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(value, "initial-") || strings.HasPrefix(value, "changed-") {
			n++
		}
	}
	if n != keys {
		return fmt.Errorf("the process was started with %d variables, want %d", n, keys)
	}
	return nil
}
