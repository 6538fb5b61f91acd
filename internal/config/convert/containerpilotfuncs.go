package convert

import (
	"errors"
	"os"
	"reflect"
	"regexp"
	"strings"
	"text/template"
)

// pilotFunctions are the functions that ContainerPilot has beyond Go's own.
func pilotFunctions(steps *int) template.FuncMap {
	return template.FuncMap{
		countFunction: func() (string, error) {
			if *steps++; *steps > maxSteps {
				return "", errTooLong
			}
			return "", nil
		},
		"env":        os.Getenv,
		"default":    orDefault,
		"split":      func(sep, s string) []string { return strings.Split(s, sep) },
		"join":       func(sep string, list []string) string { return strings.Join(list, sep) },
		"replaceAll": func(from, to, s string) string { return strings.ReplaceAll(s, from, to) },
		"regexReplaceAll": func(expr, to, s string) (string, error) {
			re, err := regexp.Compile(expr)
			if err != nil {
				return "", err
			}
			return re.ReplaceAllString(s, to), nil
		},
		"loop": numbers,
	}
}

func orDefault(fallback, value any) any {
	if value == nil || reflect.ValueOf(value).IsZero() {
		return fallback
	}
	return value
}

// numbers counts from 0 or the first of two numbers to the last one, up or
// down, without the last one.
func numbers(bounds ...int) ([]int, error) {
	var from, to int
	switch len(bounds) {
	case 1:
		to = bounds[0]
	case 2:
		from, to = bounds[0], bounds[1]
	default:
		return nil, errors.New("loop takes one number or two")
	}
	if to-from > maxSteps || from-to > maxSteps {
		return nil, errTooLong
	}
	var list []int
	for ; from < to; from++ {
		list = append(list, from)
	}
	for ; from > to; from-- {
		list = append(list, from)
	}
	return list, nil
}
