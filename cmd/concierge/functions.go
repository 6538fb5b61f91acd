package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

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
	i := slices.IndexFunc(all, func(f funcs.Func) bool { return f.Name == name })
	if i < 0 {
		known := make([]string, len(all))
		for n, f := range all {
			known[n] = f.Name
		}
		return exit.Usage, unknown("function", name, known)
	}
	f := all[i]
	fmt.Fprintf(w, "%s %s\n  %s\n", f.Name, f.Args, f.Doc)
	if f.Example != "" {
		fmt.Fprintf(w, "\nExample:\n  %s\n", f.Example)
	}
	if f.Output != "" {
		fmt.Fprintf(w, "gives:\n  %s\n", f.Output)
	}
	return exit.OK, nil
}
