package render

import (
	"errors"
	"fmt"
	"strings"
)

func localFunctions() []bound {
	const group = "Environment and template"
	return []bound{
		{doc(group, "env", "name", "An environment variable, or nothing.",
			`{{ env "HOME" }}`), nil, 0, func(t *Template) any { return t.env }},
		{doc(group, "mustEnv", "name", "An environment variable; it is an error if it is unset or empty.",
			`{{ mustEnv "HOSTNAME" }}`), nil, 0, func(t *Template) any { return t.mustEnv }},
		{doc(group, "envOrDefault", "name default", "An environment variable, or the default if it is unset. An empty one counts as set.",
			`{{ envOrDefault "PORT" "8080" }}`), nil, 0, func(t *Template) any { return t.envOrDefault }},
		{doc(group, "executeTemplate", "name [data]", "What a define of this template renders to, as text for further functions.",
			`{{ define "x" }}<{{ . }}>{{ end }}{{ executeTemplate "x" 5 | toJSON }}`, `"\u003c5\u003e"`), nil, 0, func(t *Template) any { return t.executeTemplate }},
		{doc(group, "scratch", "", "A map for this execution: Key, Get, Set, SetX, MapSet, MapSetX and MapValues.",
			`{{ scratch.Set "n" 1 }}{{ scratch.Get "n" }}`, `1`), nil, 0, func(t *Template) any { return t.scratch }},
	}
}

func (t *Template) env(name string) string {
	v, _ := t.options.Env(name)
	return v
}

func (t *Template) mustEnv(name string) (string, error) {
	if v, _ := t.options.Env(name); v != "" {
		return v, nil
	}
	return "", hint(fmt.Errorf("required environment variable %s is empty", name), "set it, or use envOrDefault")
}

func (t *Template) envOrDefault(name, fallback string) string {
	if v, ok := t.options.Env(name); ok {
		return v
	}
	return fallback
}

func (t *Template) scratch() *Scratch { return &t.run.scratch }

// maxNesting bounds executeTemplate within executeTemplate: each level starts
// an execution of its own, and endless ones would end the whole process.
const maxNesting = 100

var errNesting = errors.New("templates call each other without end")

func (t *Template) executeTemplate(name string, data ...any) (string, error) {
	if len(data) > 1 {
		return "", fmt.Errorf("wrong number of arguments, expected 1 or 2, but got %d", len(data)+1)
	}
	tmpl := t.root.Lookup(name)
	if tmpl == nil {
		return "", hint(fmt.Errorf("template %q not defined", name), t.definitionAdvice(name))
	}
	if t.run.depth == maxNesting {
		return "", hint(errNesting, "look for executeTemplate calls inside "+name)
	}
	t.run.depth++
	defer func() { t.run.depth-- }()
	var dot any
	if len(data) == 1 {
		dot = data[0]
	}
	var b strings.Builder
	if failed := t.failure(t.into(&b, tmpl, dot)); failed != nil {
		return "", failed
	}
	return b.String(), nil
}
