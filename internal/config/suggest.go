package config

import (
	"fmt"
	"reflect"

	"github.com/agnivade/levenshtein"
)

// Suggest returns a hint that names the candidate closest to word, if one is
// close, else nothing.
func Suggest(word string, candidates []string) string { return suggest(word, candidates) }

// suggest returns a hint that names the candidate closest to word, if one is
// close.
func suggest(word string, candidates []string) string {
	best, distance := "", max(2, len(word)/3)+1
	for _, c := range candidates {
		if d := levenshtein.ComputeDistance(word, c); d < distance {
			best, distance = c, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %s?", best)
}

// elsewhere returns the path of a setting of that name in another place.
func elsewhere(name string, t reflect.Type, parent string) string {
	for _, f := range fieldsOf(t) {
		path := joinPath(parent, f.name)
		if f.name == name {
			return path
		}
		ft := pointed(t.FieldByIndex(f.index).Type)
		if ft.Kind() == reflect.Slice {
			ft, path = pointed(ft.Elem()), path+"[]"
		}
		if ft.Kind() == reflect.Map {
			ft, path = pointed(ft.Elem()), path+".NAME"
		}
		if ft.Kind() == reflect.Struct && !isScalar(ft) && ft != actionType {
			if found := elsewhere(name, ft, path); found != "" {
				return found
			}
		}
	}
	return ""
}
