package main

import (
	"context"
	"flag"
	"log/slog"
	"slices"
	"strings"

	"concierge/internal/admin"
)

func ctlLogLevelCommand() *command {
	return &command{
		name: "ctl log-level", args: "LEVEL", summary: "Change the least severity that is logged.",
		details: `
LEVEL is debug, info, warn or error. It holds until the configuration is loaded
again. The previous level is printed.`,
		examples: []example{
			{"see more", "concierge ctl log-level debug"},
			{"back", "concierge ctl log-level info"},
		},
		anywhere: true, words: [][]string{levelNames()},
		setup: func(fs *flag.FlagSet) action {
			return declareCtl(fs).ask("LEVEL", 1, func(ctx context.Context, c call, instance *admin.Client) error {
				var level slog.Level
				if !slices.Contains(levelNames(), c.args[0]) || level.UnmarshalText([]byte(c.args[0])) != nil {
					return unknown("level", c.args[0], levelNames())
				}
				previous, err := instance.LogLevel(ctx, level)
				if err != nil {
					return err
				}
				return say(c, "log level is %s, was %s", c.args[0], strings.ToLower(previous.String()))
			})
		},
	}
}

func levelNames() []string { return []string{"debug", "info", "warn", "error"} }
