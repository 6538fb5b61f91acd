package render

import (
	"fmt"

	"github.com/davecgh/go-spew/spew"
)

func debugFunctions() []bound {
	const group = "Debugging"
	return []bound{
		{doc(group, "spew_sdump", "values ...", "Shows values with their types and everything below them, one to a line.",
			`{{ spew_sdump 1 }}`, "(int) 1\n"), nil, 0, func(*Template) any { return dump }},
		{doc(group, "spew_sprintf", "format values ...", "As printf, with pointers followed; %#v adds the types.",
			`{{ spew_sprintf "%#v" "a" }}`, `(string)a`), nil, 0, func(*Template) any { return dumpf }},
		{doc(group, "spew_dump", "values ...", "Prints what spew_sdump shows on standard output when the rendering is complete, with secrets masked, and renders nothing.",
			`{{ tree "app" | spew_dump }}`), nil, 0, func(t *Template) any { return t.spewDump }},
		{doc(group, "spew_printf", "format values ...", "Prints what spew_sprintf shows on standard output when the rendering is complete, with secrets masked, and renders nothing.",
			`{{ spew_printf "%v\n" (key "app/port") }}`), nil, 0, func(t *Template) any { return t.spewPrintf }},
	}
}

// dumper is set as consul-template has it, which is spew's default. It is a
// copy because the default can be changed by anybody.
func dumper() *spew.ConfigState { return spew.NewDefaultConfig() }

func dump(values ...any) string { return dumper().Sdump(values...) }

func dumpf(format string, values ...any) string { return dumper().Sprintf(format, values...) }

func (t *Template) spewDump(values ...any) string {
	t.run.printed = append(t.run.printed, dump(values...)...)
	return ""
}

func (t *Template) spewPrintf(format string, values ...any) string {
	t.run.printed = append(t.run.printed, dumpf(format, values...)...)
	return ""
}

// print puts out what a complete execution printed. This is for the author of
// a template at work, so what a closed output loses is no error.
func (t *Template) print() {
	if len(t.run.printed) > 0 && !t.run.masked {
		_, _ = fmt.Fprint(t.options.Stdout, t.options.Redactor.Redact(string(t.run.printed)))
	}
}
