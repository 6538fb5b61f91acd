package funcs

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/Masterminds/sprig/v3"
)

// SprigPrefix marks sprig's functions, as in consul-template. The same
// functions can be called without it where the name is free.
const SprigPrefix = "sprig_"

// Sprig returns the repeatable functions of sprig under their plain names: no
// clock, no environment, no network.
func Sprig() map[string]any { return sprig.HermeticTxtFuncMap() }

// SprigTable describes the functions of [Sprig] under their prefixed names,
// sorted.
func SprigTable() []Func {
	all := Sprig()
	table := make([]Func, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		table = append(table, Func{
			Name: SprigPrefix + name, Group: "Sprig", Args: signature(all[name]),
			Doc: "sprig's " + name + "; see https://masterminds.github.io/sprig/.", Fn: all[name],
		})
	}
	return table
}

// signature lists the types of a function's arguments.
func signature(fn any) string {
	t := reflect.TypeOf(fn)
	args := make([]string, 0, t.NumIn())
	for i := range t.NumIn() {
		arg := strings.ReplaceAll(t.In(i).String(), "interface {}", "any")
		if t.IsVariadic() && i == t.NumIn()-1 {
			arg = strings.TrimPrefix(arg, "[]") + "..."
		}
		args = append(args, arg)
	}
	return strings.Join(args, " ")
}
