package main

import (
	"context"
	"flag"
	"fmt"

	"concierge/internal/exit"
	"concierge/sources"
)

func kvRmCommand() *command {
	return &command{
		name: "kv rm", args: "KEY", summary: "Remove a key, or all keys below a prefix.",
		examples: []example{
			{"one key", "concierge kv rm app/greeting"},
			{"everything that starts with app/old/", "concierge kv rm --recursive app/old/"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			recursive := fs.Bool("recursive", false, "remove every key that starts with KEY")
			return f.on("a KEY", 1, 1, func(ctx context.Context, c call, store sources.Store) (int, error) {
				if !*recursive {
					return exit.OK, store.Delete(ctx, c.args[0])
				}
				if c.args[0] == "" {
					return exit.Usage, usageError("refusing to remove every key of the store: name a prefix")
				}
				n, err := store.DeleteTree(ctx, c.args[0])
				if err == nil {
					fmt.Fprintf(c.stderr, "removed %s\n", plural(n, "key"))
				}
				return exit.OK, err
			})
		},
	}
}
