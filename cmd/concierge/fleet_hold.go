package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"concierge/internal/agent"
)

func holdCommand() *command {
	return &command{
		name: "hold", args: "INSTANCE", summary: "Keep an instance, or all, from changing.",
		details: `
What it runs goes on, whatever the target of its rollouts is; one that is in
change ends that first. Others take the place of those that are held: a rollout
only waits when everybody of a stage is.`,
		examples: []example{
			{"while somebody looks at it", "concierge hold web-3 --for 2h --reason 'heap dump'"},
			{"nothing changes over the weekend", "concierge hold --all --reason 'freeze'"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			last := fs.Duration("for", 0, "let it go by itself after this `time`; 0 is until unhold")
			force := fs.Bool("force", false, "also an instance that is not there, for when it comes")
			return setupHold(fs, func(ctx context.Context, fleet *agent.Overview, f agent.Freeze) error {
				f.Last, f.Force = max(*last, 0), *force
				return fleet.Hold(ctx, f)
			})
		},
	}
}

func unholdCommand() *command {
	return &command{
		name: "unhold", args: "INSTANCE", summary: "Let an instance, or all, change again.",
		examples: []example{{"it is looked at no more", "concierge unhold web-3"}, {"the freeze is over", "concierge unhold --all"}},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			return setupHold(fs, func(ctx context.Context, fleet *agent.Overview, f agent.Freeze) error {
				return fleet.Unhold(ctx, f)
			})
		},
	}
}

type holder func(ctx context.Context, fleet *agent.Overview, f agent.Freeze) error

// setupHold is what both have in common: without --rollout it is about every
// rollout.
func setupHold(fs *flag.FlagSet, do holder) action {
	f := declareFleet(fs).by(fs)
	name := fs.String("rollout", "", "`name` of the only rollout that it is about; every one unless given")
	all := fs.Bool("all", false, "every instance")
	return f.ask("an INSTANCE, or --all", 0, 1, func(ctx context.Context, c call, fleet *agent.Overview) error {
		if (c.argument(0) == "") != *all {
			return usageError("name an INSTANCE, or give --all")
		}
		ctx, cancel := f.within(ctx)
		defer cancel()
		return do(ctx, fleet, agent.Freeze{Rollout: *name, Instance: c.argument(0), Who: f.who(), Why: f.why})
	})
}

func explainCommand() *command {
	return &command{
		name: "explain", args: "INSTANCE", summary: "Say why an instance runs what it runs, and why not something else.",
		examples: []example{
			{"why is it not on the newest release", "concierge explain web-3"},
			{"of every instance", "concierge status --json | jq -r '.instances[].id' | xargs -n 1 concierge explain"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareFleet(fs).json(fs)
			return f.ask("an INSTANCE", 1, 1, func(ctx context.Context, c call, fleet *agent.Overview) error {
				ctx, cancel := f.within(ctx)
				defer cancel()
				lines, err := fleet.Explain(ctx, c.args[0])
				if err != nil || f.asJSON {
					if err == nil {
						err = printJSON(c.stdout, lines)
					}
					return err
				}
				for _, name := range slices.Sorted(maps.Keys(lines)) {
					for _, line := range lines[name] {
						if _, err := fmt.Fprintf(c.stdout, "%s: %s\n", name, plain(line)); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
}

func wantCommand() *command {
	return &command{
		name: "want", args: "COUNT", summary: "Say how many instances of the service there should be.",
		details: `
It starts and stops none: the number is compared with those that are there, in
concierge status, in metrics and in rules. It wins over cluster.wanted.`,
		examples: []example{
			{"for the sale", "concierge want 12 --reason 'the sale begins'"},
			{"without a file", "concierge want 3 --consul-address 10.0.0.1:8500 --cluster-service web"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareFleet(fs).by(fs)
			return f.ask("a COUNT", 1, 1, func(ctx context.Context, c call, fleet *agent.Overview) error {
				count, err := strconv.ParseUint(c.args[0], 10, 31)
				if err != nil || count == 0 {
					return usageError("%q is not a number of instances, from 1", c.args[0])
				}
				ctx, cancel := f.within(ctx)
				defer cancel()
				_, err = fleet.Want(ctx, int(count), f.who(), cmp.Or(f.why, "asked for"))
				return err
			})
		},
	}
}
