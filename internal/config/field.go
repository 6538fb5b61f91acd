package config

import (
	"io/fs"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"concierge/secrets"
)

// field is one setting of a struct, as its tags describe it.
type field struct {
	index    []int // see reflect.Value.FieldByIndex
	name     string
	doc      string
	fallback string   // default as written; "" means none
	enum     []string // allowed values
	file     bool     // a path: taken from the directory of the configuration
	loose    bool     // a text that may be written as number or truth value
	zero     bool     // a duration that may be 0
	required bool     // must be written
	blank    bool     // means something although empty, unless its alternative is set
	choice   bool     // this or its alternative must be written
	program  bool     // a program with arguments, which begins with a name
	some     bool     // a list with at least one item
	count    bool     // a number that must not be 0
	owner    bool     // a user or group
	either   string   // sibling that must not be set beside this one
	without  string   // sibling that must not be written beside this one
	pattern  string   // what a text, or each of a list, looks like
}

// fieldCache has the fields of struct types that were asked for before: thousands of
// templates are thousands of structs of a few types.
var fieldCache sync.Map // []field by reflect.Type

// fieldsOf returns the settings of a struct type, in order. Nobody may change
// them.
func fieldsOf(t reflect.Type) []field {
	if fields, ok := fieldCache.Load(t); ok {
		return fields.([]field)
	}
	fields := readFields(t)
	fieldCache.Store(t, fields)
	return fields
}

// readFields reads them; those of an embedded struct are as good as own ones.
func readFields(t reflect.Type) []field {
	fields := make([]field, 0, t.NumField())
	for sf := range t.Fields() {
		if sf.Anonymous {
			for _, inner := range readFields(sf.Type) {
				inner.index = append(slices.Clone(sf.Index), inner.index...)
				fields = append(fields, inner)
			}
			continue
		}
		name := sf.Tag.Get("yaml")
		if name == "" {
			continue
		}
		f := field{
			index: sf.Index, name: name, doc: sf.Tag.Get("doc"), fallback: sf.Tag.Get("default"),
			either: sf.Tag.Get("either"), without: sf.Tag.Get("without"), pattern: sf.Tag.Get("pattern"),
		}
		if e := sf.Tag.Get("enum"); e != "" {
			f.enum = strings.Split(e, ",")
		}
		for word := range strings.SplitSeq(sf.Tag.Get("as"), ",") {
			f.file = f.file || word == "path"
			f.loose = f.loose || word == "loose"
			f.zero = f.zero || word == "zero"
			f.required = f.required || word == "required"
			f.blank = f.blank || word == "blank"
			f.choice = f.choice || word == "choice"
			f.program = f.program || word == "program"
			f.some = f.some || word == "some"
			f.count = f.count || word == "count"
			f.owner = f.owner || word == "owner"
		}
		fields = append(fields, f)
	}
	return fields
}

// The types that are scalars in YAML, besides the basic kinds.
var (
	durationType = reflect.TypeFor[time.Duration]()
	modeType     = reflect.TypeFor[fs.FileMode]()
	textType     = reflect.TypeFor[secrets.Text]()
	signalType   = reflect.TypeFor[Signal]()
	actionType   = reflect.TypeFor[Action]()
	actionsType  = reflect.TypeFor[Actions]()
	prefixType   = reflect.TypeFor[EnvPrefix]()
)

// isScalar reports whether a type is written as one word.
func isScalar(t reflect.Type) bool {
	switch t {
	case durationType, modeType, textType, signalType:
		return true
	}
	return t.Kind() == reflect.String || t.Kind() == reflect.Bool || t.Kind() == reflect.Int
}

// pointed returns what a pointer type points to, else the type itself.
func pointed(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}
