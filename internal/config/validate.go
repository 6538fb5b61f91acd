package config

import (
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// validator checks what single settings cannot know.
type validator struct {
	cfg     *Config
	running bool
	file    string // the configuration file; empty if there is none
	errs    Errors
}

func (v *validator) all() {
	v.sources()
	v.addresses()
	v.tls("sources.consul.tls", v.cfg.Sources.Consul != nil, func() TLS { return v.cfg.Sources.Consul.TLS })
	v.tls("sources.etcd.tls", v.cfg.Sources.Etcd != nil, func() TLS { return v.cfg.Sources.Etcd.TLS })
	v.tls("secrets.vault.tls", v.cfg.Secrets.Vault != nil, func() TLS { return v.cfg.Secrets.Vault.TLS })
	v.control()
	v.admin()
	v.delimiters("delimiters", v.cfg.Delimiters)
	v.wait("wait", v.cfg.Wait)
	v.process()
	for i := range v.cfg.Templates {
		v.template(templateAt(i), &v.cfg.Templates[i])
	}
	v.destinations()
	v.env()
	v.jobs()
	v.sets()
	v.metrics()
	v.cluster()
	v.own()
}

func (v *validator) fail(at, value, reason, hint string) {
	v.errs = append(v.errs, &Error{v.cfg.origin(at), at, shorten(value), reason, hint})
}

func templateAt(i int) string { return fmt.Sprintf("templates[%d]", i) }

func (v *validator) written(at string) bool {
	_, ok := v.cfg.origins[at]
	return ok
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
	v.program(ProcessName, &p.Program)
}

// environment checks what a process or command inherits; nil is nothing said.
func (v *validator) environment(at string, e *Environment) {
	if e == nil {
		return
	}
	v.globs(at+".allow", e.Allow)
	v.globs(at+".deny", e.Deny)
	for i, entry := range e.Set {
		if name, _, ok := strings.Cut(entry, "="); !ok || name == "" {
			v.fail(fmt.Sprintf("%s.set[%d]", at, i), "", "is not NAME=value", "write for example LANG=C")
		}
	}
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
		v.readable(at+".source", t.Source, "template file")
	}
	v.owner(at+".user", t.User)
	v.owner(at+".group", t.Group)
	v.delimiters(at+".delimiters", *t.Delimiters)
	if v.written(at + ".wait") {
		v.wait(at+".wait", *t.Wait)
	}
	if !setName.MatchString(t.Set) {
		v.fail(at+".set", t.Set, "is not a name of a set", "use letters, digits, dots, dashes and underscores")
	}
	if t.Check != nil {
		v.command(at+".check.command", t.Check.Command)
		v.environment(at+".check.environment", t.Check.Environment)
	}
	v.content(at, t)
	for i, a := range t.OnChange {
		v.action(v.itemAt(at+".on_change", i), a)
	}
	v.globs(at+".deny_functions", t.DenyFunctions)
}

// own checks what concerns concierge itself.
func (v *validator) own() {
	if f := v.cfg.Log.File; f != nil && f.Path == "" {
		v.fail("log.file", "", "has no path", "add path, the file to log to")
	}
	if k := v.cfg.Secrets.Vault; k != nil && k.Kubernetes != nil && k.Kubernetes.Role == "" {
		v.fail("secrets.vault.kubernetes", "", "has no role", "add role, the role in Vault")
	}
	if k := v.cfg.Secrets.Vault; k != nil && k.LeaseThreshold > 100 {
		v.fail("secrets.vault.lease_threshold", "", "is more than 100 per cent", "write a number from 1 to 100, usually 90")
	}
	for i, s := range v.cfg.Signals.Reload {
		if slices.Contains(v.cfg.Signals.Stop, s) {
			v.fail(fmt.Sprintf("signals.reload[%d]", i), s.String(), "is both a reload and a stop signal", "keep it in one list")
		}
	}
}

var setName = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

// readable checks that a file can be read. What is in it is checked by those
// who use it. A pipe is left for the one reader it has.
func (v *validator) readable(at, name, what string) {
	info, err := os.Stat(name)
	if err == nil && info.Mode().IsRegular() {
		var f *os.File
		if f, err = os.Open(name); err == nil {
			_ = f.Close() // nothing was written
		}
	}
	start := "working directory"
	if v.cfg.origin(at).layer == layerFile {
		start = "directory of the configuration"
	}
	switch {
	case err != nil:
		v.fail(at, name, "cannot be read: "+cause(err).Error(), "check the path, which starts at the "+start+", and its permissions")
	case info.IsDir():
		v.fail(at, name, "is a directory", "name the "+what)
	}
}

// owner checks a user or group. Whether it exists is found out when it is
// needed.
func (v *validator) owner(at, name string) {
	digits := name != "" && strings.Trim(name, "0123456789") == ""
	switch id, err := strconv.ParseUint(name, 10, 32); {
	case name == "":
	case digits && (err != nil || id > maxID):
		v.fail(at, name, "is too large for a number of a user or group", "write a name, or a number up to 4294967294")
	case strings.HasPrefix(name, "-") || strings.ContainsFunc(name, unicode.IsSpace) || strings.ContainsAny(name, ":/"):
		v.fail(at, name, "is not a name or number of a user or group", "write one name or number; user and group are two settings")
	}
}

// maxID is the largest user or group; the next one means "unchanged" to the
// kernel.
const maxID = 1<<32 - 2

// itemAt is the place of an item of a list that may be written without one.
func (v *validator) itemAt(at string, i int) string {
	if item := fmt.Sprintf("%s[%d]", at, i); v.written(item) {
		return item
	}
	return at
}

func (v *validator) action(at string, a Action) {
	switch a.Kind {
	case ActionCommand:
		v.command(at, a.Command.Command)
		v.environment(at+".environment", a.Command.Environment)
	case ActionReload, ActionRestart, ActionSignal:
		if a.Job != "" && a.Job != ProcessName {
			v.knownJob(at+".job", a.Job)
		} else if v.cfg.Process == nil {
			v.fail(at, string(a.Kind), "needs a process", "add a process section; process: {} if the command stands on the command line")
		} else if a.Kind == ActionReload && v.cfg.Process.Reload == nil {
			v.fail(at, string(a.Kind), "needs process.reload", "add process.reload, for example {signal: HUP}, or write restart")
		}
	}
}
