package main

import (
	"context"
	"flag"
	"strings"

	"concierge/internal/admin"
)

func ctlRetryCommand() *command {
	return &command{
		name: "ctl retry", summary: "Try again what failed or was rolled back.",
		details: `
A version that was rolled back is not tried again until it changes. This forgets
that, for a cause that lay elsewhere, and ends the back-off of everything that
failed.`,
		examples: []example{
			{"the database is back, so the new configuration may be healthy now", "concierge ctl retry"},
			{"in a container", "docker exec web concierge ctl retry"},
		},
		anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			return declareCtl(fs).ask("no arguments", 0, func(ctx context.Context, c call, instance *admin.Client) error {
				sets, err := instance.Retry(ctx)
				switch {
				case err != nil:
					return err
				case len(sets) == 0:
					return say(c, "there was nothing to try again")
				}
				return say(c, "trying again: %s", strings.Join(sets, ", "))
			})
		},
	}
}
