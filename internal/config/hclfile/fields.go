package hclfile

import (
	"fmt"
	"reflect"
	"strings"
)

// TextBlock is a block that may also be written as one text. The error is why
// the text is refused, with a hint; the text itself need not be in it.
type TextBlock interface {
	SetText(text, at string) error
}

// LabelledBlock is a repeated block with a name behind its key, such as
// method "kubernetes" { … }. Without a name SetLabel is not called.
type LabelledBlock interface {
	SetLabel(label string)
}

// OpenBlock is a block that may hold unknown keys. SetUnknown is told of each.
type OpenBlock interface {
	SetUnknown(key, at string)
}

// member is one field of a block.
type member struct {
	names []string // the first one is the current spelling
	value reflect.Value
}

// membersOf returns the fields of a block that have a tag. Those of an embedded
// struct are its own.
func membersOf(v reflect.Value) []member {
	var all []member
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			all = append(all, membersOf(v.Field(i))...)
			continue
		}
		if tag := f.Tag.Get("hcl"); tag != "" {
			all = append(all, member{strings.Split(tag, ","), v.Field(i)})
		}
	}
	return all
}

func find(members []member, key string) (member, bool) {
	for _, m := range members {
		for _, name := range m.names {
			if strings.EqualFold(name, key) {
				return m, true
			}
		}
	}
	return member{}, false
}

// setting returns the field as a setting, if it is one.
func (m member) setting() (setting, bool) {
	s, ok := m.value.Addr().Interface().(setting)
	return s, ok
}

// repeated reports whether the field is a slice of blocks.
func (m member) repeated() bool { return m.value.Kind() == reflect.Slice }

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// lastKey returns the last key of a path.
func lastKey(path string) string {
	key, _, _ := strings.Cut(path[strings.LastIndexByte(path, '.')+1:], "[")
	return key
}
