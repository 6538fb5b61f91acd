package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/user"
	"time"

	"concierge/internal/agent"
	"concierge/internal/exit"
)

// fleetFlags are common to the commands about a fleet.
type fleetFlags struct {
	timeout     time.Duration
	asJSON      bool
	author, why string
}

// fleetAction asks or changes something of a fleet.
type fleetAction func(ctx context.Context, c call, fleet *agent.Overview) error

func declareFleet(fs *flag.FlagSet) *fleetFlags {
	f := &fleetFlags{}
	fs.DurationVar(&f.timeout, "timeout", 15*time.Second, "longest `time` for the store's answers")
	return f
}

// json adds a flag for those who read by program.
func (f *fleetFlags) json(fs *flag.FlagSet) *fleetFlags {
	fs.BoolVar(&f.asJSON, "json", false, "print everything as JSON")
	return f
}

// by adds the flags that are kept in the audit trail.
func (f *fleetFlags) by(fs *flag.FlagSet) *fleetFlags {
	fs.StringVar(&f.author, "author", "", "`who` decides; USER@HOST unless given")
	fs.StringVar(&f.why, "reason", "", "`why`, for those who look later")
	return f
}

// who is the author of a change.
func (f *fleetFlags) who() string {
	if f.author != "" {
		return f.author
	}
	name := "operator"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname() // "operator@" says as much as is known
	return name + "@" + host
}

// ask runs do with at least and at most so many arguments.
func (f *fleetFlags) ask(arguments string, least, most int, do fleetAction) action {
	return func(ctx context.Context, c call) (int, error) {
		if len(c.args) < least || len(c.args) > most {
			return exit.Usage, usageError("expected %s, got %s", arguments, plural(len(c.args), "argument"))
		}
		cfg, err := c.settings.loader(c.environ, false, nil)()
		if err != nil {
			return exit.Code(err), err
		}
		fleet, err := agent.OpenOverview(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			return exit.Code(err), err
		}
		defer func() { _ = fleet.Close() }() // everything was said
		ctx, stop := c.interruptible(ctx)
		defer stop()
		err = do(ctx, c, fleet)
		return exit.Code(err), err
	}
}

// within bounds one look at the store.
func (f *fleetFlags) within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, f.timeout)
}

// argument is the n-th one; empty without it.
func (c call) argument(n int) string {
	if n < len(c.args) {
		return c.args[n]
	}
	return ""
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// shortRelease is as much of a release's name as people need.
func shortRelease(id string) string { return cmp.Or(id[:min(len(id), 12)], "-") }
