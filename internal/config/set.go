package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// set sets one setting from text given outside the files: a single value, or
// the items of a list, each of which may hold several separated by commas.
// For a single value the last one wins.
func (d *decoder) set(cfg *Config, path string, values []string, from Origin) {
	v, f, ok := settingAt(reflect.ValueOf(cfg).Elem(), path)
	if !ok {
		d.errs = append(d.errs, &Error{Origin: from, Path: path, Reason: "is not a setting", Hint: suggest(path, settingPaths())})
		return
	}
	d.origins[path] = from
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if v.Kind() != reflect.Slice {
		d.setOne(v, f, path, values[len(values)-1], from)
		return
	}
	var items []string
	for _, value := range values {
		for item := range strings.SplitSeq(value, ",") {
			items = append(items, strings.TrimSpace(item))
		}
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.setOne(v.Index(i), f, path, item, from)
	}
}

func (d *decoder) setOne(v reflect.Value, f field, path, text string, from Origin) {
	shown := shorten(text)
	if v.Type() == textType {
		shown = ""
	}
	if c := setText(v, f, text, ""); c != (complaint{}) {
		d.errs = append(d.errs, &Error{from, path, shown, c.reason, c.hint})
	}
}

// settingAt returns the value at a path, creating what contains it.
func settingAt(v reflect.Value, path string) (reflect.Value, field, bool) {
	name, rest, nested := strings.Cut(path, ".")
	fields := fieldsOf(v.Type())
	i := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
	if i < 0 {
		return v, field{}, false
	}
	child := v.FieldByIndex(fields[i].index)
	if !nested {
		t := pointed(child.Type())
		return child, fields[i], isScalar(t) || t.Kind() == reflect.Slice && isScalar(t.Elem())
	}
	if t := pointed(child.Type()); t.Kind() != reflect.Struct || isScalar(t) || t == actionType {
		return child, field{}, false
	}
	if child.Kind() == reflect.Pointer {
		if child.IsNil() {
			child.Set(reflect.New(child.Type().Elem()))
		}
		child = child.Elem()
	}
	return settingAt(child, rest)
}

func settingPaths() []string {
	var paths []string
	for _, s := range Settings() {
		paths = append(paths, s.Path)
	}
	return paths
}

// resolveEither settles pairs of settings of which only one may be set: a
// higher layer beats a lower one, and both in the same layer are an error.
func (l *loader) resolveEither() {
	l.either(reflect.ValueOf(l.cfg).Elem(), "")
}

func (l *loader) either(v reflect.Value, path string) {
	if v.Kind() == reflect.Pointer {
		v = v.Elem() // an invalid value when nil
	}
	switch {
	case v.Kind() == reflect.Slice:
		for i := range v.Len() {
			l.either(v.Index(i), fmt.Sprintf("%s[%d]", path, i))
		}
		return
	case v.Kind() == reflect.Map:
		for _, name := range namesOf(v) {
			l.either(v.MapIndex(reflect.ValueOf(name)), joinPath(path, name))
		}
		return
	case v.Kind() != reflect.Struct || isScalar(v.Type()) || v.Type() == actionType:
		return
	}
	fields := fieldsOf(v.Type())
	for _, f := range fields {
		child := v.FieldByIndex(f.index)
		l.either(child, joinPath(path, f.name))
		if f.either == "" || child.IsZero() {
			continue
		}
		other := fields[slices.IndexFunc(fields, func(o field) bool { return o.name == f.either })]
		l.choose(path, choice{f.name, child}, choice{other.name, v.FieldByIndex(other.index)})
	}
}

// choice is one of two settings that exclude each other.
type choice struct {
	name  string
	value reflect.Value
}

func (l *loader) choose(path string, a, b choice) {
	if b.value.IsZero() {
		return
	}
	from, other := l.d.origins[joinPath(path, a.name)], l.d.origins[joinPath(path, b.name)]
	switch {
	case from.layer > other.layer:
		b.value.SetZero()
	case from.layer < other.layer:
		a.value.SetZero()
	default:
		l.d.errs = append(l.d.errs, &Error{
			Origin: from, Path: path, Reason: "has both " + b.name + " and " + a.name, Hint: "keep one of them",
		})
	}
}
