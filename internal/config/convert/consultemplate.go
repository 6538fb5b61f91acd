package convert

import (
	"fmt"
	"os"
	"path"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/config/hclfile"
	"concierge/secrets"
)

// fromConsulTemplate lays the files over each other and translates them.
func fromConsulTemplate(files []File, out *result) error {
	var doc consultemplate.Document
	for _, f := range files {
		var over consultemplate.Document
		warnings, err := hclfile.Decode(f.Path, f.Text, &over)
		if err != nil {
			return err
		}
		out.notes = append(out.notes, warnings...)
		hclfile.Merge(&doc, &over)
	}
	cfg, warnings, err := doc.Translate()
	if err != nil {
		return err
	}
	out.notes = append(out.notes, warnings...)
	out.config = *cfg
	out.stores(&doc)
	out.process()
	out.templates()
	out.others(&doc)
	return nil
}

// stores leaves out what is not written, and what is secret.
func (r *result) stores(doc *consultemplate.Document) {
	consul, vault := r.config.Sources.Consul, r.config.Secrets.Vault
	if !doc.MaxStale.Given() {
		consul.MaxStale = 2 * time.Second
		r.comment("sources.consul.max_stale", "consul-template's default; without it the leader is asked.")
	}
	r.hide(&consul.Token, "sources.consul", "token", "token_file: /path/to/token")
	r.hide(&consul.Password, "sources.consul", "password", "password: the password")
	r.hide(&vault.Token, "secrets.vault", "token", "token_file: /path/to/token")
	if k := vault.Kubernetes; k != nil {
		r.hide(&k.Token, "secrets.vault.kubernetes", "token of the service account", "token_file: /path/to/token")
	}
	if vault.Address == "" && reflect.ValueOf(*vault).IsZero() {
		r.config.Secrets.Vault = nil
		r.comment("secrets", "Vault is used when VAULT_ADDR is set, or when there is a section\nsecrets: {vault: {address: \"https://…\"}}.")
	}
}

// hide takes a secret out and says what to write instead.
func (r *result) hide(secret *secrets.Text, section, what, instead string) {
	if secret.Empty() {
		return
	}
	*secret = secrets.Text{}
	r.note(section, "A %s stood here. It is not copied; write\n%s", what, instead)
}

// credentialName are names of variables that hold secrets.
var credentialName = regexp.MustCompile(`(?i)(token|passw|secret|api_?key|credential)`)

// process says what consul-template gives its processes, and keeps its defaults
// for how they are stopped.
func (r *result) process() {
	p := r.config.Process
	if p == nil {
		return
	}
	r.environment("process.environment", &p.Environment)
	r.comment("process", "consul-template also gave the process CONSUL_HTTP_ADDR, CONSUL_HTTP_TOKEN, VAULT_ADDR\n"+
		"and the like. If it needs them, add them to environment.set, or let it inherit\n"+
		"them: environment.credentials: true.")
	if p.Stop.Signal == 0 {
		p.Stop.Signal = config.Signal(syscall.SIGINT)
	}
	if p.Stop.Timeout == 0 {
		p.Stop.Timeout = 30 * time.Second
	}
	r.comment("process.stop", "consul-template's defaults; those of concierge are TERM and 10s.")
}

func (r *result) environment(at string, e *config.Environment) {
	e.Credentials, e.Hidden = false, nil
	e.Set = slices.DeleteFunc(e.Set, func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		secret := credentialName.MatchString(name)
		if secret {
			r.note(at, "%s had a value that looks secret. It is not copied; let it be inherited,\nor read it from a store with env.", name)
		}
		return secret
	})
	if len(e.Set) == 0 {
		e.Set = nil
	}
}

// templates leaves out what goes without saying, and templates that concierge
// would refuse.
func (r *result) templates() {
	last := make(map[string]int)
	for i, t := range r.config.Templates {
		last[path.Clean(t.Destination)] = i
	}
	all := r.config.Templates
	r.config.Templates = nil
	for i, t := range all {
		name := strings.ReplaceAll(t.Source, "\n", " ")
		if name == "" {
			name = fmt.Sprintf("number %d", i+1)
		}
		switch {
		case t.Destination == "":
			r.note("templates", "The template %s has no destination, and is left out.", name)
			continue
		case last[path.Clean(t.Destination)] != i:
			r.note("templates", "The template %s is left out: a later one writes %s, too.", name, t.Destination)
			continue
		}
		at := fmt.Sprintf("templates[%d]", len(r.config.Templates))
		r.simplify(at, &t)
		r.warnOfNames(at, name, &t)
		r.config.Templates = append(r.config.Templates, t)
	}
}

// sourceName finds keys whose beginning names a source, but only here.
var sourceName = regexp.MustCompile("[\"`]((?:consul|etcd|file|vault):[^\"`]*)[\"`]")

// warnOfNames looks for keys with a colon that mean something else to
// concierge. A template file that cannot be read is not looked at.
func (r *result) warnOfNames(at, name string, t *config.Template) {
	text := t.Contents
	if t.Source != "" {
		b, _ := os.ReadFile(t.Source)
		text = string(b)
	}
	if m := sourceName.FindStringSubmatch(text); m != nil {
		r.note(at, "The template %s has the text %q. If it is a key, write %q: what\nstands before the colon names a source here.", name, m[1], "/"+m[1])
	}
}

func (r *result) simplify(at string, t *config.Template) {
	if t.OnError == "fail_first" {
		t.OnError = "" // what consul-template does unless told; keep is safer
	}
	if t.Wait != nil && *t.Wait == (config.Wait{}) && r.config.Wait == (config.Wait{}) {
		t.Wait = nil
	}
	for i := range t.OnChange {
		command := &t.OnChange[i].Command
		if e := command.Environment; e != nil {
			r.environment(at, e)
			if reflect.ValueOf(*e).IsZero() {
				command.Environment = nil
			}
		}
		if command.Timeout == 30*time.Second {
			command.Timeout = 0
		}
	}
	if r.goesWithoutSaying(t.OnChange) {
		t.OnChange = nil
	}
}

// goesWithoutSaying reports whether concierge does the same by default.
func (r *result) goesWithoutSaying(actions config.Actions) bool {
	p := r.config.Process
	if len(actions) != 1 {
		return len(actions) == 0
	}
	switch actions[0].Kind {
	case config.ActionNone:
		return p == nil
	case config.ActionRestart:
		return p != nil && p.Reload == nil
	case config.ActionSignal:
		return p != nil && p.Reload != nil && p.Reload.Signal == actions[0].Signal
	}
	return false
}

// others says what is left out on purpose.
func (r *result) others(doc *consultemplate.Document) {
	r.config.Log.Format = ""
	if !doc.LogLevel.Given() {
		r.config.Log.Level = ""
	}
	if s := r.config.Log.Syslog; s != nil && s.Tag == "" {
		s.Tag = "consul-template"
	}
	if doc.Deduplicate != (consultemplate.Deduplicate{}) {
		r.comment("", "deduplicate is left out: one concierge asks for little, so there is nothing to share.")
	}
	if doc.Nomad != (consultemplate.Nomad{}) {
		r.note("", "nomad is left out: concierge has no Nomad source.")
	}
	if doc.Once.V {
		r.note("", "once is left out: use concierge render.")
	}
	if doc.ParseOnly.V {
		r.note("", "parse_only is left out: use concierge validate.")
	}
}
