package render

import (
	"slices"
	"strconv"
	"strings"
)

// undefined returns the name of the definition that text/template did not find
// when it executed a {{ template }}; what never runs may name anything.
func undefined(cause string) (name string, ok bool) {
	quoted, ok := strings.CutPrefix(cause, "template ")
	if !ok {
		return "", false
	}
	if quoted, ok = strings.CutSuffix(quoted, " not defined"); !ok {
		return "", false
	}
	name, err := strconv.Unquote(quoted)
	return name, err == nil
}

// definitionAdvice is the hint for a definition that is used and exists
// nowhere. A template is one text, so only that can define it.
func (t *Template) definitionAdvice(name string) string {
	var defined []string
	for _, tmpl := range t.root.Templates() {
		if tmpl != t.root {
			defined = append(defined, tmpl.Name())
		}
	}
	slices.Sort(defined)
	if known := nearest(name, defined); known != "" {
		return "did you mean " + strconv.Quote(known) + "?"
	}
	return "write {{ define " + strconv.Quote(name) + " }} in the same file"
}
