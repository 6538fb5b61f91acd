package main

import (
	"context"
	"flag"
	"syscall"

	"concierge/internal/admin"
	"concierge/internal/config"
)

func ctlSignalCommand() *command {
	return &command{
		name: "ctl signal", args: "JOB SIGNAL", summary: "Send a signal to a job.",
		details: `
The supervised process is the job named process. SIGNAL is a name, with or
without SIG, or a number. A process that ends because of it has ended by
itself, so concierge ends with it.`,
		examples: []example{
			{"let it open its log files again", "concierge ctl signal process USR1"},
			{"by number", "concierge ctl signal process 40"},
		},
		anywhere: true, words: [][]string{{"process"}, usualSignals()},
		setup: func(fs *flag.FlagSet) action {
			return declareCtl(fs).ask("JOB SIGNAL", 2, func(ctx context.Context, c call, instance *admin.Client) error {
				job, err := jobName(c.args[0])
				if err != nil {
					return err
				}
				sig, ok := config.ParseSignal(c.args[1])
				if !ok {
					return unknown("signal", c.args[1], usualSignals())
				}
				if err := instance.Signal(ctx, job, syscall.Signal(sig)); err != nil {
					return err
				}
				return say(c, "%s sent to %s", sig, job)
			})
		},
	}
}

func usualSignals() []string {
	return []string{"HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "WINCH", "CONT", "STOP", "KILL", "ABRT", "ALRM"}
}
