package main

import (
	"context"
	"flag"
	"os"
	"runtime/debug"
	"time"

	"concierge/internal/agent"
	"concierge/internal/exit"
)

func renderCommand() *command {
	return &command{
		name:    "render",
		summary: "Render every file once and exit (CI jobs, init containers).",
		details: `
Data that is missing is waited for until --timeout; then every missing key is
listed with its template and line, and the exit status is 16. --check and
--diff exit with 1 when a file would change.`,
		examples: []example{
			{"render what concierge.yaml says, wait at most a minute", "concierge render --timeout 1m"},
			{"show what would change, secrets masked",
				"concierge render --diff --consul-address 127.0.0.1:8500 --template app.conf.ctmpl:/etc/app.conf"},
		},
		settings: true,
		setup:    setupRender,
	}
}

func setupRender(fs *flag.FlagSet) action {
	var options agent.RenderOptions
	dryRun := fs.Bool("dry-run", false, "print the outputs and write nothing")
	diff := fs.Bool("diff", false, "print a unified diff against the present files and write nothing")
	check := fs.Bool("check", false, "only say which files would change")
	fs.BoolVar(&options.ShowSecrets, "show-secrets", false, "do not mask secrets in --dry-run")
	fs.DurationVar(&options.Timeout, "timeout", 30*time.Second, "longest `time` to wait for data; 0 waits for ever")
	return func(ctx context.Context, c call) (int, error) {
		modes := map[agent.RenderMode]bool{agent.Print: *dryRun, agent.Diff: *diff, agent.Check: *check}
		for mode, chosen := range modes {
			if chosen && options.Mode != agent.Write {
				return exit.Usage, usageError("--dry-run, --diff and --check exclude each other")
			}
			if chosen {
				options.Mode = mode
			}
		}
		return renderOnce(ctx, c, options)
	}
}

func renderOnce(ctx context.Context, c call, options agent.RenderOptions) (int, error) {
	switch {
	case len(c.args) > 0:
		return exit.Usage, usageError("render takes no arguments, got %q (to start a process use concierge run)", c.args[0])
	case options.Timeout < 0:
		return exit.Usage, usageError("--timeout %s is negative (0 waits for ever)", options.Timeout)
	}
	if os.Getenv("GOGC") == "" { // what ends soon need not collect much
		debug.SetGCPercent(300)
	}
	ctx, cancel := c.interruptible(ctx)
	defer cancel()
	load := c.settings.loader(c.environ, false, nil)
	cfg, err := load()
	if err != nil {
		return exit.Code(err), err
	}
	logs := cfg.Log
	if options.Mode != agent.Write {
		logs.File, logs.Syslog = nil, nil // to look leaves no trace
	}
	log, err := newLogger(c.stderr, logs)
	if err != nil {
		return exit.Code(err), err
	}
	status, err := agent.Render(ctx, agent.Options{
		Load: startingWith(cfg, load), Log: log.Logger, Environ: c.environ, Stdout: c.stdout,
		Sole: true,
	}, options)
	ending(log, err)
	return status, err
}
