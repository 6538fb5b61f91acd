package main

import (
	"context"
	"flag"

	"concierge/internal/admin"
)

func ctlMaintenanceCommand() *command {
	return &command{
		name: "ctl maintenance", args: "on|off", summary: "Take the instance out of service, or back.",
		details: `
In maintenance the instance says that it is not ready, applies no change and
takes no action because of health. The process goes on. Maintenance ends with
the instance.`,
		examples: []example{
			{"before work on the process's data", "concierge ctl maintenance on"},
			{"afterwards", "concierge ctl maintenance off"},
		},
		anywhere: true, words: [][]string{{"on", "off"}},
		setup: func(fs *flag.FlagSet) action {
			return declareCtl(fs).ask("on or off", 1, func(ctx context.Context, c call, instance *admin.Client) error {
				word := c.args[0]
				if word != "on" && word != "off" {
					return usageError("expected on or off, got %q", word)
				}
				changed, err := instance.Maintenance(ctx, word == "on")
				switch {
				case err != nil:
					return err
				case !changed:
					return say(c, "maintenance was %s already", word)
				}
				return say(c, "maintenance is %s", word)
			})
		},
	}
}
