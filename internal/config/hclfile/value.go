package hclfile

import (
	"io/fs"
	"strconv"
	"strings"
	"time"

	"concierge/internal/config"
	"concierge/secrets"
)

// Kind is what a [Value] can hold.
type Kind interface {
	string | bool | int | float64 | time.Duration | fs.FileMode | config.Signal | secrets.Text | []string
}

// Value is a setting that may have been given, by a file, a flag or a variable.
// The zero value is one that was not given.
//
// Signals are 0 when the text is empty, which stands for none. File modes are
// octal as text; as number they are the mode itself (in HCL, 0644 is octal).
type Value[T Kind] struct {
	V T
	// At is where it was given, for messages; empty if it was not.
	At string
}

// Of returns a value given at a place.
func Of[T Kind](v T, at string) Value[T] { return Value[T]{v, at} }

// Given reports whether the setting was given.
func (v Value[T]) Given() bool { return v.At != "" }

// Or returns the value, or fallback if none was given.
func (v Value[T]) Or(fallback T) T {
	if v.Given() {
		return v.V
	}
	return fallback
}

// Ptr returns a pointer to the value; nil if none was given.
func (v Value[T]) Ptr() *T {
	if !v.Given() {
		return nil
	}
	return &v.V
}

// setting is a *Value of any type.
type setting interface {
	// set takes over what is written at a place.
	set(items []literal, list bool, at string) complaint
	secret() bool
	given() bool
	isList() bool
	isBool() bool
}

func (v *Value[T]) given() bool { return v.Given() }

func (v *Value[T]) secret() bool {
	_, is := any(v.V).(secrets.Text)
	return is
}

func (v *Value[T]) isList() bool {
	_, is := any(v.V).([]string)
	return is
}

func (v *Value[T]) isBool() bool {
	_, is := any(v.V).(bool)
	return is
}

func (v *Value[T]) set(items []literal, list bool, at string) complaint {
	v.At = at
	if texts, ok := any(&v.V).(*[]string); ok {
		*texts = append(*texts, listOf(items, list)...)
		return complaint{}
	}
	if list {
		return complaint{"is a list", "write one value"}
	}
	return setOne(any(&v.V), items[0])
}

// listOf returns the items of a list; a text alone is a list with commas.
func listOf(items []literal, list bool) []string {
	texts := []string{}
	for _, l := range items {
		texts = append(texts, l.text)
	}
	if !list && texts[0] == "" {
		return []string{}
	}
	if !list {
		return strings.Split(texts[0], ",")
	}
	return texts
}

// setOne sets what p points to.
func setOne(p any, l literal) complaint {
	switch p := p.(type) {
	case *string:
		*p = l.text
	case *secrets.Text:
		*p = secrets.NewText(l.text)
	case *bool:
		return parsed(p, "is neither true nor false", "write true or false")(strconv.ParseBool(l.text))
	case *int:
		return parsed(p, "is not a number", "write digits only, for example 10")(strconv.Atoi(l.text))
	case *float64:
		return parsed(p, "is not a number", "write for example 0.9")(strconv.ParseFloat(l.text, 64))
	case *time.Duration:
		return setDuration(p, l)
	case *fs.FileMode:
		return setMode(p, l)
	case *config.Signal:
		return setSignal(p, l.text)
	}
	return complaint{}
}

// parsed returns what puts the result of a parser into p.
func parsed[T any](p *T, reason, hint string) func(T, error) complaint {
	return func(v T, err error) complaint {
		if err != nil {
			return complaint{reason, hint}
		}
		*p = v
		return complaint{}
	}
}
