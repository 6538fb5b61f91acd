package main

import (
	"context"
	"flag"

	"concierge/internal/agent"
	"concierge/internal/exit"
)

func pushCommand() *command {
	return &command{
		name:    "push",
		summary: "Measure and deliver metrics, without looking after a process.",
		details: `
Reads every endpoint of metrics.collect once a cycle and delivers everything in
one piece, with one time stamp, to every target of metrics.push, until it is
interrupted. With --once it does so one time and prints for each target what it
took: milliseconds, 0 if it failed, -1 if there was no answer in time. Of one
target only the number is printed, so that a monitoring server can trigger it.
A Zabbix target with several servers is several: NAME, NAME-2 and so on.`,
		examples: []example{
			{"deliver once, as a check that a server triggers", "concierge push --once --target central"},
			{"look at what would be sent", "concierge push --dry-run"},
			{"deliver every 30 seconds", "concierge push --metrics-interval 30s"},
		},
		settings: true,
		setup: func(fs *flag.FlagSet) action {
			once := fs.Bool("once", false, "deliver one time, print what it took, and exit")
			dry := fs.Bool("dry-run", false, "print what would be sent and connect to no target")
			target := fs.String("target", "", "`name` of the only target to deliver to, with all its servers")
			return alone("push", func(ctx context.Context, c call) (int, error) {
				do := agent.PushOn
				switch {
				case *dry:
					do = agent.PushPreview
				case *once:
					do = agent.PushOnce
				}
				return measured(ctx, c, *target, do)
			})
		},
	}
}

func metricsDiscoverCommand() *command {
	return &command{
		name:    "metrics discover",
		summary: "Print what Zabbix servers are told of the metrics there are.",
		details: `
Reads every endpoint once and prints one JSON object: by the keys of the
discovery rules, the documents from which a Zabbix server makes its items. Of
several targets it has one such object for each, by its name. Connects to no
target.`,
		examples: []example{
			{"what one of several servers is told", "concierge metrics discover --target central"},
			{"the rows of all timers", "concierge metrics discover --target central | jq '.\"app.discovery[timers]\"'"},
		},
		settings: true,
		setup: func(fs *flag.FlagSet) action {
			target := fs.String("target", "", "`name` of the only target to look at")
			return alone("metrics discover", func(ctx context.Context, c call) (int, error) {
				return measured(ctx, c, *target, agent.Discover)
			})
		},
	}
}

// measured does something with what the configuration says of metrics.
func measured(ctx context.Context, c call, target string, do func(context.Context, agent.PushOptions) error) (int, error) {
	ctx, cancel := c.interruptible(ctx)
	defer cancel()
	load := c.settings.loader(c.environ, false, nil)
	cfg, err := load()
	if err != nil {
		return exit.Code(err), err
	}
	log, err := newLogger(c.stderr, cfg.Log)
	if err != nil {
		return exit.Code(err), err
	}
	err = do(ctx, agent.PushOptions{
		Load: startingWith(cfg, load), Log: log.Logger, Environ: c.environ, Stdout: c.stdout, Target: target,
	})
	ending(log, err)
	return exit.Code(err), err
}
