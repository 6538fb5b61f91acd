package funcs

import (
	"fmt"
	"iter"
	"reflect"
	"strings"
)

func collectionTable() []Func {
	const group = "Collections"
	return []Func{
		{"in", group, "collection value", "Reports whether a list has the value, or text has the part. Types must agree: the integer 1 is not in a list that came from JSON.",
			`{{ in (split "," "a,b") "a" }}`, `true`, in},
		{"contains", group, "value collection", "As in, with the collection last.",
			`{{ if "abc" | contains "b" }}yes{{ end }}`, `yes`, contains},
		{"containsAll", group, "values collection", "Reports whether the collection has all of the values.",
			`{{ split "," "a,b,c" | containsAll (sprig_list "a" "b") }}`, `true`, quantified(true, true)},
		{"containsAny", group, "values collection", "Reports whether the collection has at least one of the values.",
			`{{ split "," "a,b" | containsAny (sprig_list "x" "b") }}`, `true`, quantified(true, false)},
		{"containsNone", group, "values collection", "Reports whether the collection has none of the values.",
			`{{ split "," "a,b" | containsNone (sprig_list "x") }}`, `true`, quantified(false, true)},
		{"containsNotAll", group, "values collection", "Reports whether the collection lacks at least one of the values.",
			`{{ split "," "a,b" | containsNotAll (sprig_list "a" "x") }}`, `true`, quantified(false, false)},
		{"loop", group, "[start] end", "Counts from start (0 unless given) up to but not including end, for range.",
			`{{ range loop 2 5 }}{{ . }} {{ end }}`, `2 3 4 `, loop},
	}
}

// in is as strict about types as consul-template: integers match integers,
// floats match floats, anything else only its own kind.
func in(collection, value any) bool {
	l, v := reflect.ValueOf(collection), reflect.ValueOf(value)
	if !l.IsValid() || !v.IsValid() {
		return false
	}
	switch l.Kind() {
	case reflect.Slice, reflect.Array:
		for i := range l.Len() {
			if same(dynamic(l.Index(i)), v) {
				return true
			}
		}
	case reflect.String:
		return v.Type() == l.Type() && strings.Contains(l.String(), v.String())
	}
	return false
}

// dynamic returns what an element of a list of interfaces holds.
func dynamic(v reflect.Value) reflect.Value {
	if v.Kind() == reflect.Interface {
		return v.Elem()
	}
	return v
}

func same(x, v reflect.Value) bool {
	switch {
	case !x.IsValid():
		return false
	case x.CanInt():
		return v.CanInt() && x.Int() == v.Int()
	case x.CanFloat():
		return v.CanFloat() && x.Float() == v.Float()
	case x.Kind() == reflect.String:
		return x.Type() == v.Type() && x.String() == v.String()
	}
	return false
}

func contains(value, collection any) bool { return in(collection, value) }

// quantified makes the four contains functions: it looks whether each value's
// membership equals member, and wants that of all or of one of them.
func quantified(member, all bool) func(values []any, collection any) bool {
	return func(values []any, collection any) bool {
		for _, v := range values {
			if (in(collection, v) == member) != all {
				return !all
			}
		}
		return all
	}
}

// maxLoop is the longest loop that is handed out as a channel: what
// consul-template gives, with the counts already in it, so that a range that is
// left early leaves no goroutine behind. A longer loop counts as it goes.
const maxLoop = 1 << 16

func loop(bounds ...any) (any, error) {
	if len(bounds) < 1 || len(bounds) > 2 {
		return nil, fmt.Errorf("wrong number of arguments, expected 1 or 2, but got %d", len(bounds))
	}
	limits := make([]int64, 0, 2)
	for _, b := range bounds {
		n, err := bound(b)
		if err != nil {
			return nil, err
		}
		limits = append(limits, n)
	}
	start, end := int64(0), limits[len(limits)-1]
	if len(limits) == 2 {
		start = limits[0]
	}
	end = max(start, end)
	count := func(yield func(int64) bool) {
		for n := start; n < end && yield(n); n++ {
		}
	}
	if uint64(end)-uint64(start) > maxLoop {
		return iter.Seq[int64](count), nil
	}
	counts := make(chan int64, end-start)
	for n := range count {
		counts <- n
	}
	close(counts)
	return (<-chan int64)(counts), nil
}

func bound(v any) (int64, error) {
	if text, ok := v.(string); ok {
		return parseInt(text)
	}
	switch r := reflect.ValueOf(v); {
	case !r.IsValid():
	case r.CanInt():
		return r.Int(), nil
	case r.CanUint():
		return int64(r.Uint()), nil
	}
	return 0, fmt.Errorf("bad argument type: %T", v)
}
