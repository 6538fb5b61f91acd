package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"concierge/internal/exit"
	"concierge/sources"
)

func kvLsCommand() *command {
	return &command{
		name: "kv ls", args: "[PREFIX]", summary: "List keys.",
		details: `
Lists what is directly below the prefix; folders end in a slash. With
--recursive every key that starts with the prefix is listed in full.`,
		examples: []example{
			{"the top level", "concierge kv ls"},
			{"every key and value below a prefix, one JSON object a line", "concierge kv ls --recursive --json app/"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			recursive := fs.Bool("recursive", false, "list all keys below the prefix in full")
			values := fs.Bool("values", false, "print KEY=VALUE (with --recursive)")
			fs.BoolVar(&f.json, "json", false, "print keys, values and revisions as JSON (with --recursive)")
			return f.on("at most a PREFIX", 0, 1, func(ctx context.Context, c call, store sources.Store) (int, error) {
				if (*values || f.json) && !*recursive {
					return exit.Usage, usageError("--values and --json need --recursive")
				}
				return exit.OK, f.list(ctx, c, store, *recursive, *values)
			})
		},
	}
}

func (f *kvFlags) list(ctx context.Context, c call, store sources.Store, recursive, values bool) error {
	prefix := ""
	if len(c.args) == 1 {
		prefix = c.args[0]
	}
	if !recursive && prefix != "" && !strings.HasSuffix(prefix, "/") {
		prefix += "/"
	}
	pairs, err := store.List(ctx, prefix)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(c.stdout, pairs...)
	}
	last := ""
	for _, p := range pairs {
		line := p.Path
		switch {
		case values:
			line += "=" + p.Value
		case !recursive:
			line = child(strings.TrimPrefix(p.Path, prefix))
		}
		if line == "" || line == last && !recursive {
			continue
		}
		last = line
		if _, err := fmt.Fprintln(c.stdout, line); err != nil {
			return err
		}
	}
	return nil
}

// child cuts a path after its first element.
func child(path string) string {
	if first, _, folder := strings.Cut(path, "/"); folder {
		return first + "/"
	}
	return path
}
