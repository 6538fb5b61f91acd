package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"concierge/internal/agent"
)

func statusCommand() *command {
	return &command{
		name: "status", args: "[INSTANCE]", summary: "Show the instances of the service, what each one runs, and the rollouts.",
		details: `
Reads the store of the cluster section, so it can be asked anywhere. How one
instance is in detail is told by concierge ctl status beside it.`,
		examples: []example{
			{"look, and look again as things change", "concierge status --watch"},
			{"without a file", "concierge status --etcd-endpoints 10.0.0.1:2379 --cluster-service web"},
			{"those that are not well, for scripts", `concierge status --json | jq '.instances[] | select(.status.health != "healthy")'`},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareFleet(fs).json(fs)
			watch := fs.Bool("watch", false, "show it again and again until interrupted")
			every := fs.Duration("every", 2*time.Second, "`time` from one look to the next with --watch")
			return f.ask("at most an INSTANCE", 0, 1, func(ctx context.Context, c call, fleet *agent.Overview) error {
				for {
					if err := f.status(ctx, c, fleet, *watch); err != nil || !*watch {
						return err
					}
					select {
					case <-time.After(*every):
					case <-ctx.Done():
						return nil
					}
				}
			})
		},
	}
}

// clearScreen moves to the top of a terminal and clears it.
const clearScreen = "\x1b[H\x1b[2J"

func (f *fleetFlags) status(ctx context.Context, c call, fleet *agent.Overview, again bool) error {
	ctx, cancel := f.within(ctx)
	defer cancel()
	all, err := fleet.Fleet(ctx)
	if id := c.argument(0); err == nil && id != "" {
		all, err = all.Instance(id)
	}
	switch {
	case err != nil:
		return err
	case f.asJSON:
		return printJSON(c.stdout, all)
	case again:
		if _, err := io.WriteString(c.stdout, clearScreen); err != nil {
			return err
		}
	}
	return writeFleet(c.stdout, all, time.Now())
}

// writeFleet prints a fleet for people.
func writeFleet(w io.Writer, f agent.Fleet, now time.Time) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	row := func(cells ...string) {
		for i := range cells {
			cells[i] = plain(cells[i])
		}
		fmt.Fprintln(tw, strings.Join(cells, "\t"))
	}
	row(fmt.Sprintf("service %s: %s, leader %s", f.Service, plural(len(f.Instances), "instance"), orDash(f.Leader)))
	if c := f.Counts; c != nil {
		row(fmt.Sprintf("wanted %s, running %d, responding %d, diverged %d", number(c.Wanted), c.Running, c.Responding, c.Diverged))
	}
	for _, r := range f.Rollouts {
		row(summarize(r))
	}
	row()
	row("INSTANCE", "RELEASE", "PHASE", "HEALTH", "SINCE", "AGE", "RESTARTS", "NOTE")
	for _, p := range f.Instances {
		release, phase, health, since, restarts := "-", "-", "-", time.Time{}, "-"
		if s := p.Status; s != nil {
			release, phase, health, since, restarts = releases(s.Releases), s.Phase, s.Health, s.Since, strconv.Itoa(s.Restarts)
		}
		row(p.ID, release, phase, health, ago(since, now), ago(p.Started, now), restarts, orDash(noteOf(f, p.ID)))
	}
	return tw.Flush()
}

// releases shows what an instance runs, by rollout if there are several.
func releases(of map[string]string) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		text := shortRelease(of[name])
		if len(of) > 1 {
			text = name + "=" + text
		}
		parts = append(parts, text)
	}
	return orDash(strings.Join(parts, " "))
}

// noteOf is what is to be known of an instance besides.
func noteOf(f agent.Fleet, id string) string {
	var notes []string
	for _, r := range f.Rollouts {
		if h, held := r.Holds[id]; held {
			notes = append(notes, "held by "+h.By+": "+h.Why)
		}
		for _, l := range r.Instances {
			if l.ID == id && l.Target != l.Running && l.Target != "" {
				notes = append(notes, "to run "+shortRelease(l.Target))
			}
			if l.ID == id && l.Result != "" && l.Result.Failing() {
				notes = append(notes, string(l.Result)+": "+l.Evidence)
			}
		}
	}
	return strings.Join(notes, "; ")
}
