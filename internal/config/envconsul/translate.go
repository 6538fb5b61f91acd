package envconsul

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"text/template"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/config/hclfile"
	"concierge/internal/exit"
)

// translator makes a configuration of a whole document.
type translator struct {
	consultemplate.Translator
	doc     *Document
	environ []string
}

// loaded completes and checks the configuration.
func (t *translator) loaded() (*Loaded, error) {
	t.FillIn(t.doc)
	if err := t.level(); err != nil {
		return nil, exit.With(exit.Config, err)
	}
	t.Common(&t.doc.Common)
	t.Syslog(t.doc.Syslog, "envconsul")
	t.process()
	if t.Config.Process == nil {
		return nil, exit.With(exit.Config, errors.New("there is no command to start; write it behind the flags, or give -exec"))
	}
	if !t.doc.Once.V { // a store that is away ends nothing
		t.Config.Sources.Consul.Retry.Attempts, t.Config.Secrets.Vault.Retry.Attempts = 0, 0
	}
	if err := t.variables(); err != nil {
		return nil, exit.With(exit.Failed, err)
	}
	if err := config.Finish(t.Config, t.Origins, true); err != nil {
		return nil, exit.With(exit.Failed, err)
	}
	return &Loaded{
		Config: t.Config, Once: t.doc.Once.V, KillSignal: syscall.Signal(t.doc.KillSignal.V), Warnings: t.Warnings,
	}, nil
}

// level takes the level of the log from the environment if nothing gives it.
func (t *translator) level() error {
	level := t.doc.LogLevel
	if !level.Given() {
		level = hclfile.Of("warn", "default")
		for _, name := range []string{"ENVCONSUL", "CT_LOG"} {
			if text, ok := lookup(t.environ, name); ok && strings.TrimSpace(text) != "" {
				level = hclfile.Of(strings.TrimSpace(text), name)
			}
		}
	}
	if strings.EqualFold(level.V, "error") {
		level.V = "err"
	}
	return t.Level(level)
}

// process translates the command. Unlike in consul-template the filters are for
// the variables from stores, too, and there is no signal for a reload.
func (t *translator) process() {
	e := t.doc.Exec
	e.ReloadSignal = hclfile.Value[config.Signal]{}
	onlyCustom := e.Env.Pristine.V
	e.Env.Pristine = t.doc.Pristine
	t.Process(&e, nil)
	p := t.Config.Process
	if p == nil {
		return
	}
	p.Environment.Everything = true
	if onlyCustom {
		p.Environment.Deny = []string{"*"}
	}
}

// variables translates what becomes variables.
func (t *translator) variables() error {
	var errs []error
	for _, p := range t.doc.Prefixes {
		path, err := t.path(p)
		errs = append(errs, err)
		if path != "" {
			t.prefix(p, path)
		}
	}
	for _, s := range t.doc.Services {
		t.service(s)
	}
	for _, s := range t.doc.Secrets {
		path, err := t.path(s)
		errs = append(errs, err)
		if path != "" {
			t.secret(s, path)
		}
	}
	return errors.Join(errs...)
}

func (t *translator) prefix(p Source, path string) {
	t.Origins[fmt.Sprintf("env_prefix[%d]", len(t.Config.EnvPrefix))] = p.At
	t.Config.EnvPrefix = append(t.Config.EnvPrefix, config.EnvPrefix{
		Path: path, Format: p.Format.V, NoPrefix: p.NoPrefix.Ptr(),
		Upcase: new(t.doc.Upcase.V), Sanitize: new(t.doc.Sanitize.V),
	})
}

func (t *translator) service(s Service) {
	t.Origins[fmt.Sprintf("env_service[%d]", len(t.Config.EnvService))] = s.At
	t.Config.EnvService = append(t.Config.EnvService, config.EnvService{
		Query: s.Query.V, FormatID: s.FormatID.V, FormatName: s.FormatName.V, FormatAddress: s.FormatAddress.V,
		FormatTag: s.FormatTag.V, FormatPort: s.FormatPort.V,
		Upcase: new(t.doc.Upcase.V), Sanitize: new(t.doc.Sanitize.V),
	})
}

func (t *translator) secret(s Source, path string) {
	out := config.EnvSecret{
		Path: path, Format: s.Format.V, NoPrefix: s.NoPrefix.V,
		Upcase: new(t.doc.Upcase.V), Sanitize: new(t.doc.Sanitize.V),
	}
	for _, k := range s.Keys {
		out.Keys = append(out.Keys, config.EnvSecretKey{Name: k.Name.V, Format: k.Format.V})
	}
	t.Origins[fmt.Sprintf("env_secret[%d]", len(t.Config.EnvSecret))] = s.At
	t.Config.EnvSecret = append(t.Config.EnvSecret, out)
}

// path fills in a path, which is a template with the function env. A block
// without a path is passed over, as envconsul does.
func (t *translator) path(s Source) (string, error) {
	tmpl, err := template.New("path").Funcs(template.FuncMap{"env": func(name string) (string, error) {
		value, ok := lookup(t.environ, name)
		if !ok {
			return "", fmt.Errorf("the variable %s is not set", name)
		}
		return value, nil
	}}).Parse(s.Path.V)
	var out bytes.Buffer
	if err == nil {
		err = tmpl.Execute(&out, nil)
	}
	if err != nil {
		return "", &config.Error{
			Origin: config.Origin{File: s.Path.At}, Path: "path", Value: s.Path.V,
			Reason: "cannot be filled in: " + err.Error(), Hint: `write for example {{ env "NAME" }}, and set NAME`,
		}
	}
	return out.String(), nil
}
