package main

import (
	"context"
	"flag"
	"fmt"
	"go/token"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"text/template"

	"concierge/internal/exit"
	"concierge/render"
	"concierge/render/funcs"
)

func functionsCommand() *command {
	return &command{
		name: "functions", args: "[NAME]",
		summary: "List the template functions, or explain one.",
		examples: []example{
			{"all of them", "concierge functions"},
			{"one, with an example", "concierge functions keyOrDefault"},
		},
		setup: func(*flag.FlagSet) action {
			return func(_ context.Context, c call) (int, error) {
				all := render.Functions()
				switch len(c.args) {
				case 0:
					return exit.OK, listFunctions(c.stdout, all)
				case 1:
					return explainFunction(c.stdout, all, c.args[0])
				}
				return exit.Usage, usageError("expected at most one NAME")
			}
		},
	}
}

func listFunctions(w io.Writer, all []funcs.Func) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	group := ""
	for _, f := range all {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(tw, "\n%s\n", group)
		}
		fmt.Fprintf(tw, "  %s %s\t%s\n", f.Name, f.Args, f.Doc)
	}
	fmt.Fprint(tw, "\nand the repeatable functions of sprig, as sprig_NAME and as NAME where that is free.\n")
	return tw.Flush()
}

func explainFunction(w io.Writer, all []funcs.Func, name string) (int, error) {
	f, ok := findFunction(all, name)
	switch {
	case !ok && isGoFunction(name):
		fmt.Fprintf(w, "%s is one of the template language itself; see https://pkg.go.dev/text/template#hdr-Functions.\n", name)
		return exit.OK, nil
	case !ok:
		known := make([]string, len(all))
		for n, f := range all {
			known[n] = f.Name
		}
		return exit.Usage, unknown("function", name, known)
	}
	fmt.Fprintf(w, "%s\n  %s\n", strings.TrimSpace(f.Name+" "+f.Args), f.Doc)
	if f.Example != "" {
		fmt.Fprintf(w, "\nExample:\n  %s\n", indent(f.Example))
	}
	if f.Output != "" {
		fmt.Fprintf(w, "gives:\n  %s\n", indent(f.Output))
	}
	return exit.OK, nil
}

// indent lets the further lines of text stand below its first one.
func indent(text string) string { return strings.ReplaceAll(text, "\n", "\n  ") }

// findFunction finds a function by its name. A function of sprig may be called
// without its prefix.
func findFunction(all []funcs.Func, name string) (funcs.Func, bool) {
	for _, candidate := range []string{name, funcs.SprigPrefix + name} {
		i := slices.IndexFunc(all, func(f funcs.Func) bool { return f.Name == candidate })
		if i >= 0 {
			return all[i], true
		}
		if isGoFunction(name) {
			break // it hides sprig's
		}
	}
	return funcs.Func{}, false
}

// isGoFunction reports whether templates have a function without being given
// it.
func isGoFunction(name string) bool {
	_, err := template.New("").Parse("{{ " + name + " }}")
	return err == nil && token.IsIdentifier(name) && name != "true" && name != "false"
}
