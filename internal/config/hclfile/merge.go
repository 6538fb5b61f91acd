package hclfile

import "reflect"

// Merge lays over, a pointer to a struct, over base, a pointer to one of the
// same type: what is given in over wins, lists of filters and repeated blocks
// are added to those of base.
func Merge(base, over any) {
	merge(reflect.ValueOf(base).Elem(), reflect.ValueOf(over).Elem())
}

func merge(base, over reflect.Value) {
	theirs := membersOf(over)
	for i, m := range membersOf(base) {
		other := theirs[i]
		s, single := m.setting()
		switch {
		case m.repeated():
			m.value.Set(reflect.AppendSlice(m.value, other.value))
		case !single:
			merge(m.value, other.value)
		case s.isList():
			s.(interface{ extend(any) }).extend(other.value.Addr().Interface())
		default:
			if o, _ := other.setting(); o.given() {
				m.value.Set(other.value)
			}
		}
	}
}

// extend adds the items of another list.
func (v *Value[T]) extend(other any) {
	o := other.(*Value[T])
	if !o.Given() {
		return
	}
	items, more := any(&v.V).(*[]string), any(o.V).([]string)
	*items = append(append([]string{}, *items...), more...)
	v.At = o.At
}
