package funcs

import (
	"errors"
	"fmt"
	"reflect"
)

func arithmeticTable() []Func {
	const group = "Arithmetic"
	return []Func{
		{"add", group, "b a", "a + b. The result is floating-point if one operand is, unsigned if both are, else an integer.",
			`{{ 3 | add 1 }}`, `4`, binary(operation{plus[int64], plus[uint64], plus[float64]})},
		{"subtract", group, "b a", "a - b, so that {{ 3 | subtract 1 }} reads well.",
			`{{ 3 | subtract 1 }}`, `2`, binary(operation{minus[int64], minus[uint64], minus[float64]})},
		{"multiply", group, "b a", "a times b.",
			`{{ 3 | multiply 2 }}`, `6`, binary(operation{times[int64], times[uint64], times[float64]})},
		{"divide", group, "b a", "a divided by b; integers are cut towards zero.",
			`{{ 9 | divide 2 }}`, `4`, binary(operation{over[int64], over[uint64], over[float64]})},
		{"modulo", group, "b a", "The remainder of a divided by b, of integers only.",
			`{{ 10 | modulo 4 }}`, `2`, binary(operation{remainder[int64], remainder[uint64], nil})},
		{"minimum", group, "b a", "The smaller of the two.",
			`{{ 3 | minimum 2 }}`, `2`, extreme(-1)},
		{"maximum", group, "b a", "The greater of the two.",
			`{{ 3 | maximum 2 }}`, `3`, extreme(+1)},
	}
}

type number interface{ int64 | uint64 | float64 }

var errDivideByZero = errors.New("division by zero")

func plus[T number](a, b T) (T, error)  { return a + b, nil }
func minus[T number](a, b T) (T, error) { return a - b, nil }
func times[T number](a, b T) (T, error) { return a * b, nil }

// over divides; a floating-point division by zero gives an infinity.
func over[T number](a, b T) (T, error) {
	if _, float := any(b).(float64); b == 0 && !float {
		return 0, errDivideByZero
	}
	return a / b, nil
}

func remainder[T int64 | uint64](a, b T) (T, error) {
	if b == 0 {
		return 0, errDivideByZero
	}
	return a % b, nil
}

// operation is one operator for the three kinds of numbers. A nil member says
// that the operator does not know the kind.
type operation struct {
	ints   func(a, b int64) (int64, error)
	uints  func(a, b uint64) (uint64, error)
	floats func(a, b float64) (float64, error)
}

// binary makes a template function of an operation, with consul-template's
// order of arguments: (b, a).
func binary(op operation) func(b, a any) (any, error) {
	return func(b, a any) (any, error) {
		x, y, err := operands(a, b)
		if err != nil {
			return nil, err
		}
		switch {
		case x.CanFloat() || y.CanFloat():
			if op.floats == nil {
				return nil, errors.New("floating-point numbers have no remainder here; use integers")
			}
			return op.floats(asFloat(x), asFloat(y))
		case x.CanUint() && y.CanUint():
			return op.uints(x.Uint(), y.Uint())
		}
		return op.ints(asInt(x), asInt(y))
	}
}

// extreme makes minimum (sign -1) and maximum (sign +1). The winner keeps its
// own kind, so the maximum of 1 and 2.5 is floating-point and the minimum is
// not. Of equal numbers it is b.
func extreme(sign int) func(b, a any) (any, error) {
	return func(b, a any) (any, error) {
		x, y, err := operands(a, b)
		if err != nil {
			return nil, err
		}
		if compare(x, y)*sign > 0 {
			return widen(x), nil
		}
		return widen(y), nil
	}
}

func compare(x, y reflect.Value) int {
	less, more := false, false
	if x.CanFloat() || y.CanFloat() {
		less, more = asFloat(x) < asFloat(y), asFloat(x) > asFloat(y)
	} else if x.CanUint() && y.CanUint() {
		less, more = x.Uint() < y.Uint(), x.Uint() > y.Uint()
	} else {
		less, more = asInt(x) < asInt(y), asInt(x) > asInt(y)
	}
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

func operands(a, b any) (x, y reflect.Value, err error) {
	x, y = reflect.ValueOf(a), reflect.ValueOf(b)
	for _, v := range [...]reflect.Value{y, x} {
		if !v.IsValid() {
			return x, y, errors.New("nothing is not a number")
		}
		if !v.CanInt() && !v.CanUint() && !v.CanFloat() {
			return x, y, fmt.Errorf("a value of type %s is not a number; use parseInt or parseFloat", v.Type())
		}
	}
	return x, y, nil
}

func asFloat(v reflect.Value) float64 {
	switch {
	case v.CanFloat():
		return v.Float()
	case v.CanUint():
		return float64(v.Uint())
	}
	return float64(v.Int())
}

func asInt(v reflect.Value) int64 {
	if v.CanUint() {
		return int64(v.Uint()) // wraps as consul-template does
	}
	return v.Int()
}

func widen(v reflect.Value) any {
	switch {
	case v.CanFloat():
		return v.Float()
	case v.CanUint():
		return v.Uint()
	}
	return v.Int()
}
