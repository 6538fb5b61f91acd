package render

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// failure turns an error of an execution into an [*Error]. nil stays nil, and
// an [*Error] of a nested execution keeps its own place. Its text may tell
// secrets that the execution read; see showable.
func (t *Template) failure(err error) *Error {
	if err == nil {
		return nil
	}
	if located, ok := errors.AsType[*Error](err); ok {
		return located
	}
	e := &Error{File: t.options.Name}
	e.Line, e.Column, e.Cause = splitExecError(err.Error())
	if name, cause, ok := cutCall(e.Cause); ok {
		e.Func, e.Cause = name, cause
	}
	if h, ok := errors.AsType[*hinted](err); ok {
		e.Cause, e.Hint = h.error.Error(), h.advice
	}
	if n, ok := errors.AsType[*strconv.NumError](err); ok {
		e.Cause = "parsing " + strconv.Quote(n.Num) + ": " + n.Err.Error()
	}
	if name, ok := undefined(e.Cause); ok && e.Hint == "" {
		e.Hint = t.definitionAdvice(name)
	}
	if e.Hint == "" {
		e.Hint = advice(e)
	}
	return e
}

// execPlace is how text/template says where an execution failed.
var execPlace = regexp.MustCompile(`^template: :(\d+):(\d+): executing "(?:[^"\\]|\\.)*" at <`)

// splitExecError takes the place off an execution error. The text has no
// types for it, but its form is fixed by the template's empty name.
func splitExecError(text string) (line, column int, cause string) {
	m := execPlace.FindStringSubmatch(text)
	if m == nil {
		return 0, 0, strings.TrimPrefix(text, "template: ")
	}
	line, _ = strconv.Atoi(m[1])
	column, _ = strconv.Atoi(m[2])
	_, cause, ok := strings.Cut(text[len(m[0]):], ">: ")
	if !ok {
		cause = text[len(m[0]):]
	}
	return line, column + 1, cause
}

func cutCall(cause string) (name, rest string, ok bool) {
	after, ok := strings.CutPrefix(cause, "error calling ")
	if !ok {
		return "", "", false
	}
	return strings.Cut(after, ": ")
}

// advice chooses a hint for what text/template says. The texts are Go's; if
// one changes, the hint becomes the general one and nothing else.
func advice(e *Error) string {
	for _, a := range [...]struct{ part, hint string }{
		{"map has no entry for key", "guard it with {{ with }} or {{ if }}, or switch error_on_missing_key off"},
		{"nil pointer evaluating", "guard it with {{ with }} or {{ if }}"},
		{"wrong type for value", "convert it, for example with parseInt or toString"},
		{"wrong number of arg", "see concierge functions for the arguments"},
		{"can't evaluate field", "see concierge functions for the fields, and print the value with {{ toJSON . }}"},
	} {
		if strings.Contains(e.Cause, a.part) {
			return a.hint
		}
	}
	if e.Func != "" {
		return "see concierge functions for " + e.Func
	}
	return "try the template with concierge render --dry-run"
}
