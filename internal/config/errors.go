package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Origin says where a setting was written.
type Origin struct {
	// File is the file, or how else the setting was given: "--consul-address",
	// "CONCIERGE_CONSUL_ADDRESS".
	File string
	// Line and Column begin at 1; 0 outside files.
	Line, Column int
	layer        layer
}

// String gives file:line:column, as far as known.
func (o Origin) String() string {
	if o.Line == 0 {
		return o.File
	}
	return fmt.Sprintf("%s:%d:%d", o.File, o.Line, o.Column)
}

// layer orders the places a setting can come from; a higher one wins.
type layer uint8

const (
	layerDefault layer = iota
	layerForeign       // the files and flags of another program
	layerTool          // the usual variables of Consul, Vault and etcd
	layerFile
	layerInline // CONCIERGE_CONFIG_INLINE
	layerVariable
	layerFlag
)

// Error is one thing that is wrong with a configuration.
type Error struct {
	Origin
	Path   string // the setting, for example templates[0].mode
	Value  string // the offending value; empty for secrets
	Reason string
	Hint   string // what to write instead
}

// Error implements error: place, setting, value, reason and hint in one line.
func (e *Error) Error() string {
	var b strings.Builder
	for _, part := range []string{e.Origin.String(), e.Path} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
	if e.Path == "" && e.Value == "" && e.Line > 0 {
		b.WriteString("the document ")
	}
	if e.Value != "" {
		fmt.Fprintf(&b, "%q ", e.Value)
	}
	b.WriteString(e.Reason)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// Errors is everything that is wrong with a configuration, in the order of the
// file. It is what [Load] returns when anything is wrong.
type Errors []*Error

// Error implements error, one line for each.
func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each error to [errors.As].
func (es Errors) Unwrap() []error {
	all := make([]error, len(es))
	for i, e := range es {
		all[i] = e
	}
	return all
}

// sorted orders by place and drops repetitions, such as those of an anchor
// that is used twice.
func (es Errors) sorted() Errors {
	slices.SortStableFunc(es, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(b.layer, a.layer), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return slices.CompactFunc(es, func(a, b *Error) bool { return *a == *b })
}

// besides returns the errors that are not about the same settings as others:
// a list where a path belongs is one mistake, not also a missing path.
func (es Errors) besides(others Errors) Errors {
	return slices.DeleteFunc(es, func(e *Error) bool {
		return slices.ContainsFunc(others, func(o *Error) bool {
			return strings.HasPrefix(o.Path, e.Path) || strings.HasPrefix(e.Path, o.Path)
		})
	})
}

// shorten cuts a value to what a line of text can show.
func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
