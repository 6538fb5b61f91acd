package main

import (
	"context"
	"flag"
	"fmt"

	"concierge/internal/admin"
)

func ctlReloadCommand() *command {
	return &command{
		name: "ctl reload", summary: "Make the instance read its configuration again.",
		details: `
As HUP does, but what is wrong with the configuration is told here, too: the
previous one stays in force then, and the exit status is 14.`,
		examples: []example{
			{"after an edit", "concierge ctl reload"},
			{"check it first, without the instance", "concierge validate --config concierge.yaml && concierge ctl reload"},
		},
		anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			return declareCtl(fs).ask("no arguments", 0, func(ctx context.Context, c call, instance *admin.Client) error {
				if err := instance.Reload(ctx); err != nil {
					return fmt.Errorf("the configuration was not reloaded, the previous one stays: %w", err)
				}
				return say(c, "configuration reloaded")
			})
		},
	}
}
