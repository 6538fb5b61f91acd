package agent

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"concierge/internal/config"
	"concierge/internal/exit"
	"concierge/metrics/cycle"
	"concierge/reload"
	"concierge/reload/process"
	"concierge/render"
	"concierge/render/output"
	"concierge/secrets"
	"concierge/sources"
)

// program is a configuration made ready to run: everything fallible about it
// has happened.
type program struct {
	cfg     *config.Config
	sets    []*set
	env     *set            // variables of the process; also in sets; nil without any
	process *reload.Process // without its environment; nil without one
	jobs    []jobPlan
	hooks   hooks
	// metering is what is measured; nil for nothing.
	metering *cycle.Options
	// adopted is set when all of it has been applied once.
	adopted  bool
	patience map[string]time.Duration // see patienceOf
}

// compiler turns a configuration into a program.
type compiler struct {
	cfg      *config.Config
	environ  []string          // as of os.Environ
	vars     map[string]string // the same as a table
	redactor *secrets.Redactor
	children *process.Children
	byName   map[string]*set
	program  *program
}

// compile parses all templates. Its error holds one line for each that is not
// valid and has the exit status of a configuration error.
func compile(cfg *config.Config, environ []string, redactor *secrets.Redactor, children *process.Children, withEnv bool) (*program, error) {
	c := &compiler{
		cfg: cfg, environ: environ, vars: variables(environ), redactor: redactor, children: children,
		byName: make(map[string]*set), program: &program{cfg: cfg, patience: patienceOf(cfg)},
	}
	var errs []error
	for i := range cfg.Templates {
		errs = append(errs, c.file(&cfg.Templates[i]))
	}
	errs = append(errs, c.sets())
	if withEnv && cfg.Process != nil {
		errs = append(errs, c.environment())
	}
	if withEnv {
		errs = append(errs, c.jobs())
	}
	if len(c.program.sets) == 0 && c.program.process == nil && len(c.program.jobs) == 0 && errors.Join(errs...) == nil {
		if !cfg.Idle && cfg.Metrics == nil {
			errs = append(errs, errNothing)
		}
		c.program.adopted = true
	}
	if err := errors.Join(errs...); err != nil {
		return nil, exit.With(exit.Config, err)
	}
	return c.program, nil
}

// file adds a template that becomes a file.
func (c *compiler) file(t *config.Template) error {
	label, text := t.Source, t.Contents
	if t.Source == "" {
		label = "contents of " + t.Destination
	} else {
		b, err := os.ReadFile(t.Source)
		if err != nil {
			return fmt.Errorf("reading template: %w (see the template's source setting)", err)
		}
		text = string(b)
	}
	options := c.options(label, t.Delimiters, t.ErrorOnMissingKey)
	options.Destination, options.Denied, options.Sandbox = t.Destination, t.DenyFunctions, t.Sandbox
	tmpl, err := render.Parse(text, options)
	if err != nil {
		return err
	}
	u := &unit{
		label: label, source: tmpl, dirty: true, text: identityDigest("file", text),
		target: output.Target{
			Path: t.Destination, Mode: t.Mode, User: t.User, Group: t.Group,
			Backup: t.Backup, CreateDirs: t.CreateDirs == nil || *t.CreateDirs, Write: t.Write,
		},
		onError: t.OnError,
	}
	for _, a := range t.OnChange {
		u.onChange = append(u.onChange, c.action(a))
	}
	if t.Check != nil {
		u.check = &reload.CommandCheck{Command: c.command(*t.Check)}
	}
	if err := c.protect(u, t); err != nil {
		return err
	}
	name := t.Set
	if name == "" {
		name = t.Destination
	}
	c.join(name, u, t.Wait)
	return nil
}

// environment adds the variables of the process. Later ones win.
func (c *compiler) environment() error {
	var errs []error
	add := func(label string, settings any, kind sources.Kind, path string, make func(sources.Query) (executor, error)) {
		query, err := c.naming().Query(kind, path)
		var source executor
		if err == nil {
			source, err = make(query)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", label, err))
			return
		}
		c.joinEnv(&unit{label: label, source: source, text: identityDigest("env", label, settings)})
	}
	for _, p := range c.cfg.EnvPrefix {
		add("env_prefix "+p.Path, p, sources.Tree, p.Path, func(q sources.Query) (executor, error) { return newPrefixVars(q, p) })
	}
	for _, s := range c.cfg.EnvService {
		// The catalogue knows nothing of health.
		add("env_service "+s.Query, s, sources.Service, s.Query+"|"+sources.HealthAny,
			func(q sources.Query) (executor, error) { return newServiceVars(q, s) })
	}
	for _, s := range c.cfg.EnvSecret {
		add("env_secret "+s.Path, s, sources.Secret, s.Path, func(q sources.Query) (executor, error) { return newSecretVars(q, s) })
	}
	for _, v := range c.cfg.Env {
		tmpl, err := render.Parse(v.Value, c.options("env "+v.Name, nil, nil))
		if err != nil {
			errs = append(errs, err)
			continue
		}
		c.joinEnv(&unit{label: "env " + v.Name, source: tmpl, variable: v.Name, text: identityDigest("env", v)})
	}
	return errors.Join(errs...)
}

func (c *compiler) joinEnv(u *unit) {
	u.dirty = true
	s := c.join("environment of the process", u, nil)
	s.env = true
	c.program.env = s
}

// join adds a unit to the set of that name. The quiescence of a set is the
// longest of its members.
func (c *compiler) join(name string, u *unit, wait *config.Wait) *set {
	s := c.byName[name]
	if s == nil {
		s = &set{name: name}
		c.byName[name] = s
		c.program.sets = append(c.program.sets, s)
	}
	if wait == nil {
		wait = &c.cfg.Wait
	}
	s.wait.min, s.wait.max = max(s.wait.min, wait.Min), max(s.wait.max, wait.Max)
	u.set = s
	s.units = append(s.units, u)
	return s
}

// options are what all templates have in common; without delimiters or
// strictness of its own a template has those of the configuration.
func (c *compiler) options(name string, delims *config.Delimiters, strict *bool) render.Options {
	if delims == nil {
		delims = &c.cfg.Delimiters
	}
	if strict == nil {
		strict = &c.cfg.ErrorOnMissingKey
	}
	return render.Options{
		Name: name, Left: delims.Left, Right: delims.Right, ErrorOnMissingKey: *strict,
		Sources: c.naming(), Redactor: c.redactor, Programs: c.children,
		Env:        func(name string) (string, bool) { v, ok := c.vars[name]; return v, ok },
		CommandEnv: commandEnv(c.cfg, c.environ),
	}
}

// naming says which source a path in a template names.
func (c *compiler) naming() render.Naming { return namingOf(c.cfg) }

func (c *compiler) action(a config.Action) reload.Action {
	kinds := map[config.ActionKind]reload.ActionKind{
		config.ActionReload: reload.ReloadProcess, config.ActionRestart: reload.RestartProcess,
		config.ActionSignal: reload.SendSignal, config.ActionCommand: reload.RunCommand,
	}
	return reload.Action{
		Kind: kinds[a.Kind], Signal: syscall.Signal(a.Signal), Job: a.Job,
		Command: c.command(a.Command),
	}
}

// command makes a command. Without an environment of its own it gets that of
// the generation.
func (c *compiler) command(cmd config.Command) process.Command {
	made := process.Command{Command: cmd.Command, Timeout: cmd.Timeout, Background: cmd.Background}
	if e := cmd.Environment; e != nil {
		made.Env = environmentOf(c.environ, *e)
	}
	return made
}

// variables makes a list of NAME=value a table.
func variables(environ []string) map[string]string {
	table := make(map[string]string, len(environ))
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		table[name] = value
	}
	return table
}
