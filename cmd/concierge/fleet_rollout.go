package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"concierge/cluster/rollout"
	"concierge/internal/agent"
)

func rolloutShowCommand() *command {
	return &command{
		name: "rollout show", args: "[NAME]", summary: "Show how far a rollout is, and who waits for what.",
		examples: []example{
			{"the only rollout of the service", "concierge rollout show"},
			{"the state alone, for scripts", "concierge rollout show app --json | jq -r .rollout.state"},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareFleet(fs).json(fs)
			return f.ask("at most a NAME", 0, 1, func(ctx context.Context, c call, fleet *agent.Overview) error {
				ctx, cancel := f.within(ctx)
				defer cancel()
				s, err := fleet.Rollout(ctx, c.argument(0))
				if err != nil {
					return err
				}
				return f.show(c.stdout, s)
			})
		},
	}
}

// summarize is a rollout in one line.
func summarize(s rollout.Summary) string {
	r := s.Record
	name := s.Set[strings.LastIndexByte(s.Set, '.')+1:]
	if r.ID == 0 {
		return fmt.Sprintf("rollout %s has not begun; TOO LARGE: %s", name, s.Hint)
	}
	text := fmt.Sprintf("rollout %s %d is %s: %s -> %s, stage %d of %d, %s in change, %s",
		name, r.ID, r.State, shortRelease(r.From), shortRelease(r.To), r.Stage+1, len(r.Stages),
		plural(len(s.Changing), "instance"), plural(s.Failures, "failure"))
	if h, held := s.Holds[""]; held {
		text += "; HELD by " + h.By + ": " + h.Why
	}
	text += " (" + r.DecidedBy + ": " + r.Reason + ")"
	if n := r.Note; n != nil {
		text += "; note of " + n.By + ": " + n.Why
	}
	if s.Trouble != nil {
		text += "; TOO LARGE: " + s.Hint
	}
	return text
}

func (f *fleetFlags) show(w io.Writer, s rollout.Summary) error {
	if f.asJSON {
		return printJSON(w, s)
	}
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tw, plain(summarize(s)))
	fmt.Fprintf(tw, "good release: %s\n\n", shortRelease(s.Good))
	fmt.Fprintln(tw, "INSTANCE\tDOMAIN\tRUNS\tTARGET\tRESULT\tWHY")
	for _, l := range s.Instances {
		why := l.Why
		if l.Evidence != "" {
			why += "; " + l.Evidence
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\n", plain(l.ID), plain(orDash(l.Domain)), shortRelease(l.Running), shortRelease(l.Target), orDash(string(l.Result)), plain(why))
	}
	return tw.Flush()
}

// move is one of the commands by which operators steer a rollout.
type move struct {
	what             agent.Move
	summary, details string
	examples         []example
}

var moves = []move{
	{agent.MovePause, "Halt a rollout where it is.", "What runs goes on; changes back to the good release do, too.",
		[]example{{"say why, for those who look later", "concierge rollout pause app --reason 'errors in zone b'"}, {"the only rollout of the service", "concierge rollout pause"}}},
	{agent.MoveResume, "Go on after a pause, whatever it was for.", "",
		[]example{{"the only rollout of the service", "concierge rollout resume"}, {"as somebody else than the user of this machine", "concierge rollout resume app --author ann --reason 'it was the network'"}}},
	{agent.MoveAbort, "Give a rollout up: all return to the good release.", "The release is not tried again by itself; edit the sources, or see rollout retry.",
		[]example{{"an edit that was a mistake", "concierge rollout abort --reason 'wrong key'"}, {"without a file", "concierge rollout abort app --consul-address 10.0.0.1:8500 --cluster-service web"}}},
	{agent.MoveRollback, "Return to the release before, also when the rollout is complete.", "",
		[]example{{"something is wrong that no health check sees", "concierge rollout rollback --reason 'wrong prices'"}, {"of one of several rollouts", "concierge rollout rollback app"}}},
	{agent.MovePromote, "Go to the last stage at once.", "The slots and the last bake remain.",
		[]example{{"a mend that is in a hurry", "concierge rollout promote --reason 'stops the errors'"}, {"of one of several rollouts", "concierge rollout promote app"}}},
	{agent.MoveRetry, "Allow a release again that was refused.", "Without --release the one that was refused last.",
		[]example{{"it was not the release's fault", "concierge rollout retry --reason 'the database is back'"}, {"not the one refused last", "concierge rollout retry app --release da5c6159fe31c9fd1b875dbb2e60286b"}}},
}

func rolloutMoveCommands() []*command {
	var all []*command
	for _, m := range moves {
		all = append(all, &command{
			name: "rollout " + string(m.what), args: "[NAME]", summary: m.summary, details: m.details,
			examples: m.examples, settings: true, anywhere: true,
			setup: func(fs *flag.FlagSet) action { return setupMove(fs, m) },
		})
	}
	return all
}

func setupMove(fs *flag.FlagSet, m move) action {
	f := declareFleet(fs).json(fs).by(fs)
	var release string
	if m.what == agent.MoveRetry {
		fs.StringVar(&release, "release", "", "whole `name` of the release, as rollout show --json prints it")
	}
	return f.ask("at most a NAME", 0, 1, func(ctx context.Context, c call, fleet *agent.Overview) error {
		ctx, cancel := f.within(ctx)
		defer cancel()
		s, err := fleet.Do(ctx, c.argument(0), agent.Order{Move: m.what, Release: release, Who: f.who(), Why: f.why})
		if err != nil {
			return err
		}
		return f.show(c.stdout, s)
	})
}

func rolloutHistoryCommand() *command {
	return &command{
		name: "rollout history", args: "[NAME]", summary: "Show who decided what about a rollout, and why.",
		details: "The newest 200 decisions are kept, the oldest is shown first.",
		examples: []example{
			{"the last ten", "concierge rollout history | tail"},
			{"what people decided, for scripts", `concierge rollout history app --json | jq '.[] | select(.by | contains("@"))'`},
		},
		settings: true, anywhere: true,
		setup: func(fs *flag.FlagSet) action {
			f := declareFleet(fs).json(fs)
			return f.ask("at most a NAME", 0, 1, func(ctx context.Context, c call, fleet *agent.Overview) error {
				ctx, cancel := f.within(ctx)
				defer cancel()
				events, err := fleet.History(ctx, c.argument(0))
				if err != nil {
					return err
				}
				if f.asJSON {
					return printJSON(c.stdout, events)
				}
				return writeHistory(c.stdout, events)
			})
		},
	}
}

func writeHistory(w io.Writer, events []rollout.Event) error {
	tw := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	fmt.Fprintln(tw, "AT\tROLLOUT\tSTATE\tSTAGE\tFROM\tTO\tBY\tWHY")
	for _, e := range events {
		fmt.Fprintf(tw, "%s\t%d\t%s\t%d\t%s\t%s\t%s\t%s\n", e.At.Local().Format(time.DateTime), e.Rollout, e.State, e.Stage+1,
			shortRelease(e.From), shortRelease(e.To), plain(e.By), plain(e.Reason()))
	}
	return tw.Flush()
}
