package hclfile

import (
	"fmt"
	"reflect"
	"strings"
)

// Set gives the setting at a path of keys ("consul.retry.attempts") a value
// written as text, as flags do. A list gets one more item. The error says why
// the text is refused and what to write instead; it does not hold the text.
//
// A path that is not in the struct is a mistake of the caller's.
func Set(block any, path, text, at string) error {
	v := lookup(block, path)
	if b, ok := v.Addr().Interface().(TextBlock); ok {
		v.SetZero()
		return b.SetText(text, at)
	}
	s := v.Addr().Interface().(setting)
	// A flag is a list of one item, so that commas stay what they are.
	var c complaint
	if cmd, ok := s.(*Command); ok {
		*cmd = Command{Line: text, At: at}
	} else {
		c = s.set([]literal{{text: text}}, s.isList(), at)
	}
	if c != (complaint{}) {
		return fmt.Errorf("%s; %s", c.reason, c.hint)
	}
	return nil
}

// Given reports whether the setting at a path was given.
func Given(block any, path string) bool {
	return lookup(block, path).Addr().Interface().(setting).given()
}

// IsBool reports whether the setting at a path is true or false.
func IsBool(block any, path string) bool {
	s, ok := lookup(block, path).Addr().Interface().(setting)
	return ok && s.isBool()
}

// lookup returns the field at a path of keys.
func lookup(block any, path string) reflect.Value {
	v := reflect.ValueOf(block).Elem()
	for name := range strings.SplitSeq(path, ".") {
		m, ok := find(membersOf(v), name)
		if !ok {
			panic("hclfile: no setting " + path)
		}
		v = m.value
	}
	return v
}
