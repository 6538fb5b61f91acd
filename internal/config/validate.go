package config

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// validator checks what single settings cannot know.
type validator struct {
	cfg     *Config
	running bool
	errs    Errors
}

func (v *validator) all() {
	v.sources()
	v.tls("sources.consul.tls", v.cfg.Sources.Consul != nil, func() TLS { return v.cfg.Sources.Consul.TLS })
	v.tls("sources.etcd.tls", v.cfg.Sources.Etcd != nil, func() TLS { return v.cfg.Sources.Etcd.TLS })
	v.tls("secrets.vault.tls", v.cfg.Secrets.Vault != nil, func() TLS { return v.cfg.Secrets.Vault.TLS })
	v.delimiters("delimiters", v.cfg.Delimiters)
	v.wait("wait", v.cfg.Wait)
	v.process()
	destinations := make(map[string]string)
	for i := range v.cfg.Templates {
		at := fmt.Sprintf("templates[%d]", i)
		v.template(at, &v.cfg.Templates[i])
		v.destination(at, &v.cfg.Templates[i], destinations)
	}
	v.env()
}

func (v *validator) fail(at, value, reason, hint string) {
	v.errs = append(v.errs, &Error{v.cfg.origin(at), at, shorten(value), reason, hint})
}

func (v *validator) written(at string) bool {
	_, ok := v.cfg.origins[at]
	return ok
}

func (v *validator) sources() {
	s := v.cfg.Sources
	names := s.names()
	switch {
	case s.Default == "":
		v.fail("sources", "", "has "+strings.Join(names, ", ")+" but no default", "add default: "+names[0])
	case !slices.Contains(names, s.Default):
		v.fail("sources.default", s.Default, "is not a configured source",
			fmt.Sprintf("add %s: {} beside it, or write one of %s", s.Default, strings.Join(names, ", ")))
	}
	if s.Etcd == nil {
		return
	}
	for i, e := range s.Etcd.Endpoints {
		if e == "" {
			v.fail(fmt.Sprintf("sources.etcd.endpoints[%d]", i), "", "is empty", "write host:port")
		}
	}
	if s.Etcd.Username == "" && (!s.Etcd.Password.Empty() || s.Etcd.PasswordFile != "") {
		v.fail("sources.etcd", "", "has a password but no user", "add username")
	}
}

func (v *validator) tls(at string, configured bool, get func() TLS) {
	if !configured {
		return
	}
	if t := get(); (t.CertFile == "") != (t.KeyFile == "") {
		v.fail(at, "", "has one of cert_file and key_file", "add the other")
	}
}

func (v *validator) delimiters(at string, d Delimiters) {
	if d.Left == d.Right {
		v.fail(at, d.Left, "is both the left and the right delimiter", `write two different ones, for example "[[" and "]]"`)
	}
}

func (v *validator) wait(at string, w Wait) {
	switch {
	case w.Max < w.Min:
		v.fail(at, "", fmt.Sprintf("has max %s, which is less than min %s", w.Max, w.Min), "raise max or remove it")
	case w.Min == 0 && w.Max > 0:
		v.fail(at, "", "has max without min", "add min, the quiet time before a change is rendered")
	}
}

// command checks a program with arguments.
func (v *validator) command(at string, command []string) {
	if len(command) == 0 {
		v.fail(at, "", "names no program", "write command: [program, argument]")
	} else if strings.TrimSpace(command[0]) == "" {
		v.fail(at, "", "has an empty program name", "write command: [program, argument]")
	}
}

func (v *validator) process() {
	p := v.cfg.Process
	if p == nil {
		return
	}
	switch {
	case v.written("process.command"):
		v.command("process.command", p.Command)
	case v.running:
		v.fail("process", "", "has no command", "add command: [program, argument], or give it after -- on the command line")
	}
	if r := p.Reload; r != nil {
		switch {
		case r.Command != nil:
			v.command("process.reload.command", r.Command)
		case r.Signal == 0:
			v.fail("process.reload", "", "says nothing to do", "add signal: HUP or command: [program, argument]")
		case v.written("process.reload.timeout"):
			v.fail("process.reload.timeout", "", "stands beside a signal", "a timeout belongs to a command")
		}
	}
	v.globs("process.environment.allow", p.Environment.Allow)
	v.globs("process.environment.deny", p.Environment.Deny)
}

func (v *validator) globs(at string, patterns []string) {
	for i, p := range patterns {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			v.fail(fmt.Sprintf("%s[%d]", at, i), p, "is not a pattern of names", "write for example AWS_*")
		}
	}
}

func (v *validator) template(at string, t *Template) {
	switch {
	case t.Source == "" && !v.written(at+".contents") && t.Contents == "":
		v.fail(at, "", "has neither source nor contents", "add source, the path of the template")
	case t.Source != "":
		v.source(at+".source", t.Source)
	}
	v.delimiters(at+".delimiters", *t.Delimiters)
	if v.written(at + ".wait") {
		v.wait(at+".wait", *t.Wait)
	}
	if !setName.MatchString(t.Set) {
		v.fail(at+".set", t.Set, "is not a name of a set", "use letters, digits, dots, dashes and underscores")
	}
	if t.Check != nil {
		v.command(at+".check.command", t.Check.Command)
	}
	v.action(at+".on_change", *t.OnChange)
}

var setName = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

// source checks that the template can be read. What is in it is checked when
// it is parsed. A pipe is left for the one reader it has.
func (v *validator) source(at, name string) {
	info, err := os.Stat(name)
	if err == nil && info.Mode().IsRegular() {
		var f *os.File
		if f, err = os.Open(name); err == nil {
			_ = f.Close() // nothing was written
		}
	}
	switch {
	case err != nil:
		v.fail(at, name, "cannot be read: "+cause(err).Error(), "check the path, which starts at the directory of the configuration, and its permissions")
	case info.IsDir():
		v.fail(at, name, "is a directory", "name the template file")
	}
}

func (v *validator) action(at string, a Action) {
	switch a.Kind {
	case ActionCommand:
		v.command(at, a.Command.Command)
	case ActionReload, ActionRestart, ActionSignal:
		if v.cfg.Process == nil {
			v.fail(at, string(a.Kind), "needs a process", "add a process section; process: {} if the command stands on the command line")
		} else if a.Kind == ActionReload && v.cfg.Process.Reload == nil {
			v.fail(at, string(a.Kind), "needs process.reload", "add process.reload, for example {signal: HUP}, or write restart")
		}
	}
}

// destination checks that every file has one template. seen maps destinations
// to templates.
func (v *validator) destination(at string, t *Template, seen map[string]string) {
	if t.Destination == "" {
		v.fail(at, "", "has no destination", "add destination, the path of the file to write")
		return
	}
	at += ".destination"
	if strings.HasSuffix(t.Destination, "/") {
		v.fail(at, t.Destination, "is a directory", "add the name of the file")
		return
	}
	clean, err := filepath.Abs(t.Destination)
	if err != nil {
		v.fail(at, t.Destination, "cannot be resolved: "+err.Error(), "write an absolute path")
		return
	}
	if first, twice := seen[clean]; twice {
		v.fail(at, t.Destination, "is written by another template, "+v.cfg.Where(first), "give one of them another destination")
	}
	seen[clean] = at
	if source, err := filepath.Abs(t.Source); err == nil && t.Source != "" && source == clean {
		v.fail(at, t.Destination, "is the template itself", "give it another destination")
	}
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (v *validator) env() {
	seen := make(map[string]string)
	for i, e := range v.cfg.Env {
		at := fmt.Sprintf("env[%d]", i)
		switch first, twice := seen[e.Name]; {
		case e.Name == "":
			v.fail(at, "", "has no name", "add name: VARIABLE")
		case !variableName.MatchString(e.Name):
			v.fail(at+".name", e.Name, "is not a name of a variable", "use letters, digits and underscores, a digit not first")
		case twice:
			v.fail(at+".name", e.Name, "is set by another entry, "+v.cfg.Where(first), "remove one of them")
		}
		seen[e.Name] = at + ".name"
		if !v.written(at + ".value") {
			v.fail(at, "", "has no value", `add value; "" sets the variable to nothing`)
		}
	}
	for i, p := range v.cfg.EnvPrefix {
		at := fmt.Sprintf("env_prefix[%d]", i)
		if p.Path == "" {
			v.fail(at, "", "has no path", "add path, the key prefix")
		}
		if p.Prefix != "" && !variableName.MatchString(p.Prefix) {
			v.fail(at+".prefix", p.Prefix, "cannot begin a name of a variable", "use letters, digits and underscores, a digit not first")
		}
	}
}
