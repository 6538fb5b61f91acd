package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"concierge/internal/exit"
	"concierge/sources"
)

func kvPutCommand() *command {
	return &command{
		name: "kv put", args: "KEY VALUE", summary: "Set a key.",
		details: `
VALUE is taken as it is; "-" reads it from standard input and "@FILE" from a
file. With --cas the key is only set while it still has that modify index, and
with --cas 0 only while it does not exist; otherwise the exit status is 1.`,
		examples: []example{
			{"change live configuration", "concierge kv put app/greeting hello"},
			{"create a key from a file, but never overwrite one", "concierge kv put app/motd @motd.txt --cas 0"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareKV(fs)
			var cas *uint64
			fs.Func("cas", "set only while the modify `index` is this one", func(s string) error {
				cas = new(uint64)
				_, err := fmt.Sscan(s, cas)
				return err
			})
			return f.on("a KEY and a VALUE", 2, 2, func(ctx context.Context, c call, store sources.Store) (int, error) {
				value, err := readValue(c)
				if err != nil {
					return exit.Usage, exit.With(exit.Usage, err)
				}
				return exit.OK, store.Put(ctx, c.args[0], value, cas)
			})
		},
	}
}

func readValue(c call) (string, error) {
	switch value := c.args[1]; {
	case value == "-":
		b, err := io.ReadAll(c.stdin)
		return string(b), err
	case strings.HasPrefix(value, "@"):
		b, err := os.ReadFile(value[1:])
		return string(b), err
	default:
		return value, nil
	}
}
