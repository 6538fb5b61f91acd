package main

import (
	"context"
	"flag"

	"concierge/internal/agent"
	"concierge/internal/config"
	"concierge/internal/exit"
)

func runCommand() *command {
	return &command{
		name: "run", args: "[-- COMMAND ARGUMENTS…]",
		summary: "Render, start the process, and follow every change (entrypoint, daemon).",
		details: `
The process is started when every template and variable is complete, and ends
concierge with its own exit status. HUP makes concierge read its configuration
again; TERM and INT stop the process; every other signal goes on to it.`,
		examples: []example{
			{"as a container's entrypoint", "concierge run --config /etc/concierge.yaml -- nginx -g 'daemon off;'"},
			{"without a file: one template from a local directory of keys, a program told by HUP",
				"concierge run --file-path ./config --template app.conf.ctmpl:app.conf --process-reload-signal HUP -- ./server"},
		},
		settings: true,
		forwards: true,
		setup:    func(*flag.FlagSet) action { return run },
	}
}

func run(ctx context.Context, c call) (int, error) {
	lighten := beFrugal()
	load := c.settings.loader(c.environ, true, c.args)
	first, err := load()
	if err != nil {
		return exit.Code(err), err
	}
	log, err := newLogger(c.stderr, first.Log)
	if err != nil {
		return exit.Code(err), err
	}
	build := readBuild()
	status, err := agent.Run(ctx, agent.Options{
		Load: startingWith(first, load), Log: log.Logger, Environ: c.environ, Signals: c.signals, Stdout: c.stdout,
		Sole: true, Lighten: lighten,
		Control: &agent.Control{Version: build.version, Revision: build.revision, SetLevel: log.SetLevel},
		Adopted: func(cfg *config.Config) { log.Follow(cfg.Log) },
	})
	ending(log, err)
	return status, err
}
