package config

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// DefaultFile is read from the working directory when no file is named.
const DefaultFile = "concierge.yaml"

// Options is what a configuration is made of, besides what it names itself.
type Options struct {
	// Path is the configuration file. Empty means CONCIERGE_CONFIG, else
	// concierge.yaml in the working directory if it exists, else none.
	Path string
	// Flags are the settings given as flags. A list setting may be given
	// several times.
	Flags []Setting
	// Templates are added to those of the file (see [ParseTemplateFlag]).
	Templates []Template
	// Command replaces process.command: what stands after -- on the command
	// line.
	Command []string
	// Environ is the environment as name=value, usually os.Environ(). Empty
	// variables count as unset.
	Environ []string
	// Running says that the process is about to be started, so that a process
	// without a command is an error. Without it, only files are meant to be
	// rendered or checked.
	Running bool
}

// Load makes one validated configuration. A setting is taken from the first of
// these that has it:
//
//  1. a flag
//  2. its CONCIERGE_ variable
//  3. the YAML document in CONCIERGE_CONFIG_INLINE; its lists replace those of the file
//  4. the configuration file
//  5. the usual variables of Consul, Vault and etcd, such as CONSUL_HTTP_ADDR
//  6. the default
//
// Every pointer to a setting with a default is filled in, and templates carry
// the delimiters, wait and error_on_missing_key that apply to them. Relative
// paths of the file start at its directory, all others at the working
// directory.
//
// The error is of type [Errors] when the configuration is wrong, with all that
// is wrong; any other error says that the file could not be read.
func Load(o Options) (*Config, error) {
	l := loader{env: environment(o.Environ), d: decoder{origins: make(map[string]Origin)}, cfg: new(Config)}
	if err := l.file(o.Path); err != nil {
		return nil, err
	}
	l.inline()
	l.variables()
	l.flags(o)
	l.resolveEither()
	l.toolVariables()
	if l.cfg.StateDir == "" {
		l.cfg.StateDir, _, _ = strings.Cut(l.env["STATE_DIRECTORY"], ":") // see systemd.exec(5)
	}
	l.cfg.origins, l.cfg.File = l.d.origins, l.path
	l.cfg.applyDefaults(l.dir)
	v := validator{cfg: l.cfg, running: o.Running, file: l.path}
	v.all()
	if errs := append(l.d.errs, v.errs.besides(l.d.errs)...); len(errs) > 0 {
		return nil, errs.sorted()
	}
	return l.cfg, nil
}

// Where says where a setting was written, for messages: file:line:column, a
// flag or a variable. A setting that was not written has the place of what
// contains it.
func (c *Config) Where(path string) string { return c.origin(path).String() }

func (c *Config) origin(path string) Origin {
	for {
		if o, ok := c.origins[path]; ok || path == "" {
			return o
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}

// begin returns the place that a section was written, or the first setting in
// it when only settings were.
func (c *Config) begin(section string) Origin {
	if o, ok := c.origins[section]; ok {
		return o
	}
	for _, path := range slices.Sorted(maps.Keys(c.origins)) {
		if strings.HasPrefix(path, section+".") {
			return c.origins[path]
		}
	}
	return c.origin(section)
}

// loader is one call of Load.
type loader struct {
	env  map[string]string
	path string // the configuration file; empty if there is none
	dir  string // of the configuration file
	d    decoder
	cfg  *Config
}

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, e := range environ {
		if name, value, _ := strings.Cut(e, "="); value != "" {
			env[name] = value
		}
	}
	return env
}

func (l *loader) file(path string) error {
	how := "--config"
	if path == "" {
		path, how = l.env["CONCIERGE_CONFIG"], "CONCIERGE_CONFIG"
	}
	optional := path == ""
	if optional {
		path = DefaultFile
	}
	text, err := os.ReadFile(path)
	switch {
	case optional && errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading configuration: %w; check %s", err, how)
	case err != nil:
		return fmt.Errorf("reading configuration: %w; check that %s is a readable file", err, path)
	}
	l.path, l.dir = path, filepath.Dir(path)
	l.d.source, l.d.layer, l.d.base = path, layerFile, l.dir
	l.d.document(text, l.cfg)
	return nil
}

func (l *loader) inline() {
	const name = "CONCIERGE_CONFIG_INLINE"
	l.d.source, l.d.layer, l.d.base = name, layerInline, ""
	l.d.document([]byte(l.env[name]), l.cfg)
}

func (l *loader) variables() {
	for _, s := range Settings() {
		if value, ok := l.env[s.Env]; ok {
			l.d.set(l.cfg, s.Path, []string{value}, Origin{File: s.Env, layer: layerVariable})
		}
	}
}

func (l *loader) flags(o Options) {
	values := make(map[string][]string)
	for _, f := range o.Flags {
		values[f.Path] = append(values[f.Path], f.Value)
		l.d.set(l.cfg, f.Path, values[f.Path], Origin{File: f.Flag, layer: layerFlag})
	}
	for _, t := range o.Templates {
		l.d.origins[fmt.Sprintf("templates[%d]", len(l.cfg.Templates))] = Origin{File: "--template", layer: layerFlag}
		l.cfg.Templates = append(l.cfg.Templates, t)
	}
	if len(o.Command) > 0 {
		if l.cfg.Process == nil {
			l.cfg.Process = new(Process)
		}
		l.cfg.Process.Command = o.Command
		l.d.origins["process.command"] = Origin{File: "command line", layer: layerFlag}
	}
}
