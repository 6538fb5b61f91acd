package render

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"concierge/render/funcs"
)

// bound is a function that needs the running execution.
type bound struct {
	funcs.Func
	// asks reads what a call asks a store for; nil if it asks none.
	asks asker
	// operands is how many of the arguments asks reads, 0 for all.
	operands int
	// bind makes the function of one template.
	bind func(t *Template) any
}

// doc describes a function; the output of its example is left out if it depends
// on data.
func doc(group, name, args, text, example string, output ...string) funcs.Func {
	return funcs.Func{Name: name, Group: group, Args: args, Doc: text, Example: example, Output: strings.Join(output, "")}
}

func boundFunctions() []bound {
	return slices.Concat(keyFunctions(), secretFunctions(), catalogFunctions(), localFunctions(), sideFunctions(), debugFunctions(), nomadFunctions())
}

// Functions describes every function that templates can call besides Go's own:
// first those that read data, then the helpers, then sprig's.
func Functions() []funcs.Func {
	var list []funcs.Func
	for _, b := range boundFunctions() {
		list = append(list, b.Func)
	}
	return slices.Concat(list, funcs.Table(), funcs.SprigTable())
}

// library holds every function by name. It never changes once made.
type library struct {
	bound map[string]bound
	pure  map[string]any
	bare  map[string]bool // sprig's functions that have their plain name too
}

// shared is the library of all templates; each registers only what it uses,
// because text/template copies what it is given twice per template.
var shared = sync.OnceValue(newLibrary)

func newLibrary() *library {
	l := &library{bound: make(map[string]bound), pure: make(map[string]any), bare: make(map[string]bool)}
	for _, b := range boundFunctions() {
		l.bound[b.Name] = b
	}
	for _, f := range funcs.Table() {
		l.pure[f.Name] = f.Fn
	}
	for name, fn := range funcs.Sprig() {
		l.pure[funcs.SprigPrefix+name] = fn
		if !l.has(name) {
			l.pure[name], l.bare[name] = fn, true
		}
	}
	return l
}

// alias returns the other name of a function of sprig, or nothing.
func (l *library) alias(name string) string {
	if plain, ok := strings.CutPrefix(name, funcs.SprigPrefix); ok && l.bare[plain] {
		return plain
	}
	if l.bare[name] {
		return funcs.SprigPrefix + name
	}
	return ""
}

// builtin are text/template's own functions. Their names are never given to
// anything else.
const builtin = " and break call continue eq ge gt html index js le len lt ne not or print printf println slice urlquery "

func isBuiltin(name string) bool { return strings.Contains(builtin, " "+name+" ") }

// has reports whether a template can call name.
func (l *library) has(name string) bool {
	if _, ok := l.bound[name]; ok {
		return true
	}
	_, ok := l.pure[name]
	return ok || isBuiltin(name)
}

// names returns the sorted names of all functions.
func (l *library) names() []string {
	names := strings.Fields(builtin)
	names = slices.AppendSeq(names, maps.Keys(l.bound))
	names = slices.AppendSeq(names, maps.Keys(l.pure))
	slices.Sort(names)
	return names
}

// of returns the function called name for a template.
func (l *library) of(name string, t *Template) any {
	if b, ok := l.bound[name]; ok {
		return b.bind(t)
	}
	if f, ok := l.pure[name].(func(...string) (string, error)); ok && name == "sockaddr" {
		return t.held(f)
	}
	return l.pure[name]
}

// arity checks the number of arguments of a function that has the hidden one.
func arity(name string, args []string, want int) error {
	if len(args) == want {
		return nil
	}
	return hint(fmt.Errorf("wrong number of arguments, expected %d, but got %d", want, len(args)),
		"see concierge functions for "+name)
}

// disabled stands in for a denied function. It fails when it is called, not
// when it is parsed, as in consul-template.
func disabled(...any) (string, error) {
	return "", hint(errDisabled, "ask who runs concierge to allow it")
}
