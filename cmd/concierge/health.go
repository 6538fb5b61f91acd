package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strings"

	"concierge/internal/admin"
	"concierge/internal/exit"
)

func healthCommand() *command {
	return &command{
		name: "health", summary: "Say in one word whether the instance is well, for container health checks.",
		details: `
Asks the running instance by its control socket, or with --address by its HTTP
listener (see admin.listen), and prints ready or unready; with --live live or
stuck. Exits with 0 or 1, also if nobody answers, as Docker and Marathon expect
it. An instance is ready when everything was applied once, the process runs, and
its checks pass; it is live as long as concierge itself works.`,
		examples: []example{
			{"in a Dockerfile", `HEALTHCHECK --start-period=30s CMD ["concierge", "health"]`},
			{"as Marathon's COMMAND check", "concierge health --live"},
			{"by the HTTP listener, and what is missing", "concierge health --address 127.0.0.1:9150 --verbose"},
		},
		setup: setupHealth,
	}
}

func setupHealth(fs *flag.FlagSet) action {
	q := &healthQuestion{ctl: declareCtl(fs)}
	fs.BoolVar(&q.live, "live", false, "ask whether concierge itself works, whatever its stores and its process do")
	fs.BoolVar(&q.ready, "ready", false, "ask whether it can be used (the default)")
	fs.BoolVar(&q.verbose, "verbose", false, "print a line for each part before the word")
	fs.StringVar(&q.address, "address", "", "ask the HTTP listener at `host:port` or unix:/path, instead of the control socket")
	return alone("health", q.ask)
}

// healthQuestion is what is asked of an instance.
type healthQuestion struct {
	ctl                  *ctlFlags
	live, ready, verbose bool
	address              string
}

// ask prints the answer and returns 0 if it is a good one.
func (q *healthQuestion) ask(ctx context.Context, c call) (int, error) {
	switch {
	case q.live && q.ready:
		return exit.Usage, usageError("--live and --ready are two questions (ask one of them)")
	case q.address != "" && q.ctl.socket != "":
		return exit.Usage, usageError("--address and --socket are two ways to ask (give one of them)")
	}
	ctx, stop := c.interruptible(ctx)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, q.ctl.timeout)
	defer cancel()
	text, good, err := q.answer(ctx, c)
	if err != nil {
		return exit.Differs, err
	}
	if err := say(c, "%s", strings.TrimSpace(plainLines(text))); err != nil || good {
		return exit.Code(err), err
	}
	return exit.Differs, nil
}

// answer asks one of the two ways. The error has the exit status of a bad
// answer: who asks has no others.
func (q *healthQuestion) answer(ctx context.Context, c call) (text string, good bool, err error) {
	page := "/readyz"
	if q.live {
		page = "/livez"
	}
	if q.address != "" {
		if q.verbose {
			page += "?verbose"
		}
		text, good, err = admin.Visit(ctx, q.address, page)
		if err != nil {
			err = exit.With(exit.Differs, fmt.Errorf("%w (is concierge run there, with admin.listen?)", err))
		}
		return text, good, err
	}
	paths, err := q.ctl.paths(c.environ)
	if err != nil {
		return "", false, err
	}
	client := admin.NewClient(paths...)
	ask := client.Ready
	if q.live {
		ask = client.Live
	}
	v, err := ask(ctx)
	if err != nil {
		return "", false, exit.With(exit.Differs, errors.Unwrap(ctlError(err)))
	}
	if text = v.Word(q.live); q.verbose {
		text = v.Lines() + text
	}
	return text, v.OK, nil
}

// plainLines keeps what an answer says from steering the terminal.
func plainLines(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, plain(strings.TrimRight(line, "\n")))
	}
	return strings.Join(lines, "\n")
}
