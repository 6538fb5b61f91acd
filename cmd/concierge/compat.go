package main

import (
	"context"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"concierge/internal/agent"
	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/config/envconsul"
	"concierge/internal/exit"
	"concierge/internal/logging"
)

// persona is another program whose command line and files concierge takes over.
type persona struct {
	name    string
	version string // of the program, for scripts that look at it
	parse   func(args, environ []string) (invocation, error)
	usage   func(w io.Writer, program string)
}

// invocation is a parsed command line of a persona.
type invocation struct {
	help, version bool
	load          func() (consultemplate.Loaded, error)
}

func personas() []persona {
	return []persona{
		{"consul-template", "0.41.1", parseConsulTemplate, consultemplate.Usage},
		{"envconsul", "0.13.4", parseEnvconsul, envconsul.Usage},
	}
}

func parseConsulTemplate(args, environ []string) (invocation, error) {
	i, err := consultemplate.Parse(args, environ)
	if err != nil {
		return invocation{}, err
	}
	return invocation{i.Help, i.Version, loading(i.Load, func(l *consultemplate.Loaded) consultemplate.Loaded { return *l })}, nil
}

func parseEnvconsul(args, environ []string) (invocation, error) {
	i, err := envconsul.Parse(args, environ)
	if err != nil {
		return invocation{}, err
	}
	return invocation{i.Help, i.Version, loading(i.Load, func(l *envconsul.Loaded) consultemplate.Loaded {
		return consultemplate.Loaded{Config: l.Config, Once: l.Once, KillSignal: l.KillSignal, Warnings: l.Warnings}
	})}, nil
}

// loading loads a configuration and gives it the one form that is acted upon.
func loading[L any](load func() (*L, error), form func(*L) consultemplate.Loaded) func() (consultemplate.Loaded, error) {
	return func() (consultemplate.Loaded, error) {
		loaded, err := load()
		if err != nil {
			return consultemplate.Loaded{}, err
		}
		return form(loaded), nil
	}
}

// personaOf says which program concierge was called as: by its name, or, with
// flags and no command, as consul-template. Help and version are then its own.
func personaOf(name string, args []string) (persona, bool) {
	all := personas()
	name = strings.TrimSuffix(filepath.Base(name), ".exe")
	if i := slices.IndexFunc(all, func(p persona) bool { return p.name == name }); i >= 0 {
		return all[i], true
	}
	if len(args) == 0 || !strings.HasPrefix(args[0], "-") {
		return persona{}, false
	}
	switch strings.TrimLeft(args[0], "-") {
	case "h", "help", "v", "version":
		return persona{}, false
	}
	return all[0], true
}

// impersonate runs concierge as another program and returns its exit status.
func impersonate(ctx context.Context, sys system, p persona, args []string) int {
	sys.stdout = printer{sys.stdout}
	inv, err := p.parse(args, sys.environ)
	if err != nil {
		return sys.complain(p.name, exit.Usage, err)
	}
	switch {
	case inv.help:
		p.usage(sys.stdout, p.name)
		return exit.OK
	case inv.version:
		_, _ = io.WriteString(sys.stdout, p.name+" v"+p.version+" (concierge "+readBuild().version+")\n")
		return exit.OK
	}
	first, err := inv.load()
	if err != nil {
		return sys.complain(p.name, exit.Code(err), err)
	}
	log, err := logging.New(sys.stderr, first.Config.Log)
	if err != nil {
		return sys.complain(p.name, exit.Config, err)
	}
	for _, w := range first.Warnings {
		log.Warn(w)
	}
	status, err := sys.enact(ctx, inv, first, log)
	ending(log, err)
	if err != nil {
		return sys.complain(p.name, legacyStatus(err), err)
	}
	return status
}

// enact does what a loaded configuration asks for.
func (s system) enact(ctx context.Context, inv invocation, first consultemplate.Loaded, log *logging.Logger) (int, error) {
	if first.ParseOnly {
		_, err := agent.Validate(first.Config, s.environ)
		return exit.OK, err
	}
	load := func() (*config.Config, error) {
		loaded, err := inv.load()
		if err != nil {
			return nil, err
		}
		return loaded.Config, nil
	}
	return agent.Run(ctx, agent.Options{
		Load: startingWith(first.Config, load), Log: log.Logger, Environ: s.environ, Signals: s.signals, Stdout: s.stdout,
		Sole:    true,
		Adopted: func(cfg *config.Config) { log.Follow(cfg.Log) },
		Once:    first.Once, Dry: first.Dry, StopStatus: stopStatus(first.KillSignal),
	})
}

// stopStatus is the status after the kill signal; without one concierge is only
// ended by others, with the status of the process.
func stopStatus(kill syscall.Signal) int {
	if kill == 0 {
		return exit.OK
	}
	return exit.Interrupted
}

// complain prints an error and returns its exit status.
func (s system) complain(program string, status int, err error) int {
	_, _ = io.WriteString(s.stderr, program+": "+err.Error()+"\n")
	return status
}

// legacyStatus is the status that consul-template has for an error of the
// running program: it knows fewer than concierge.
func legacyStatus(err error) int {
	if code := exit.Code(err); code == exit.Interrupted || code == exit.Internal {
		return code
	}
	return exit.Failed
}
