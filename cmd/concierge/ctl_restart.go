package main

import (
	"context"
	"flag"
	"fmt"
	"strings"

	"concierge/internal/admin"
	"concierge/internal/exit"
)

func ctlRestartCommand() *command {
	return &command{
		name: "ctl restart", args: "JOB", summary: "Stop a job and start it again.",
		details: "\nThe supervised process is the job named process.",
		examples: []example{
			{"the process", "concierge ctl restart process"},
			{"of a certain instance", "concierge ctl restart process --socket /run/shop/concierge.sock"},
		},
		anywhere: true, words: [][]string{{"process"}},
		setup: func(fs *flag.FlagSet) action {
			return declareCtl(fs).ask("JOB", 1, func(ctx context.Context, c call, instance *admin.Client) error {
				job, err := jobName(c.args[0])
				if err != nil {
					return err
				}
				if err := instance.Restart(ctx, job); err != nil {
					return err
				}
				return say(c, "%s restarted", job)
			})
		},
	}
}

func jobName(name string) (string, error) {
	if name == "" || strings.Trim(name, ".") == "" {
		return "", exit.With(exit.Usage, fmt.Errorf("%q is not a name of a job (see concierge ctl status)", name))
	}
	return name, nil
}
