package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"syscall"

	"concierge/internal/admin"
	"concierge/internal/config"
	"concierge/internal/exit"
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

// jobName refuses what can be no name.
func jobName(name string) (string, error) {
	if name == "" || strings.Trim(name, ".") == "" {
		return "", exit.With(exit.Usage, fmt.Errorf("%q is not a name of a job (see concierge ctl status)", name))
	}
	return name, nil
}

func levelNames() []string { return []string{"debug", "info", "warn", "error"} }

// usualSignals are offered by completion; others can be given, too.
func usualSignals() []string {
	return []string{"HUP", "INT", "QUIT", "USR1", "USR2", "TERM", "WINCH", "CONT", "STOP", "KILL", "ABRT", "ALRM"}
}

func say(c call, format string, args ...any) error {
	_, err := fmt.Fprintf(c.stdout, format+"\n", args...)
	return err
}
