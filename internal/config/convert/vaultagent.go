package convert

import (
	"cmp"
	"math"
	"os"
	"path/filepath"
	"strings"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/config/hclfile"
)

// fromVaultAgent lays the files over each other and translates them.
func fromVaultAgent(files []File, out *result) error {
	var agent agentFile
	for _, f := range files {
		var over agentFile
		warnings, err := hclfile.Decode(f.Path, f.Text, &over)
		if err != nil {
			return err
		}
		out.notes = append(out.notes, warnings...)
		hclfile.Merge(&agent, &over)
		agent.unknown = append(agent.unknown, over.unknown...)
		agent.AutoAuth.unknown = append(agent.AutoAuth.unknown, over.AutoAuth.unknown...)
	}
	cfg, warnings, err := (&consultemplate.Document{Templates: agent.Templates}).Translate()
	if err != nil {
		return err
	}
	out.notes = append(out.notes, warnings...)
	out.config = config.Config{Templates: cfg.Templates}
	out.agentVault(&agent)
	out.agentLogin(&agent.AutoAuth)
	out.agentExec(&agent.Exec)
	out.templates()
	out.envTemplates(agent.EnvTemplates)
	out.agentOthers(&agent)
	return nil
}

func (r *result) agentVault(a *agentFile) {
	v := a.Vault
	vault := &config.Vault{
		Address: v.Address.V, Namespace: v.Namespace.V, Refresh: a.Config.RenderInterval.V,
		LeaseThreshold: int(math.Round(a.Config.LeaseThreshold.V * 100)),
		TLS: config.TLS{
			CAFile: v.CACert.V, CADir: v.CAPath.V, CertFile: v.ClientCert.V, KeyFile: v.ClientKey.V,
			ServerName: v.TLSServerName.V, InsecureSkipVerify: v.TLSSkipVerify.V,
		},
	}
	vault.Transport.MaxConnsPerHost = a.Config.MaxConnections.V
	if a.Config.ExitOnRetryFailure.V {
		vault.Retry.Attempts = 1 + max(cmp.Or(v.Retry.NumRetries.V, 12), 0)
		r.comment("secrets.vault.retry.attempts", "exit_on_retry_failure; without it Vault is asked for ever.")
	}
	r.config.Secrets.Vault = vault
}

// agentLogin translates how Vault Agent logs in, as far as concierge can.
func (r *result) agentLogin(a *autoAuth) {
	const at = "secrets.vault"
	for i, m := range a.Methods {
		switch {
		case i > 0:
			r.note(at, "auto_auth: the method %s is left out; concierge logs in in one way.", m.Type.V)
		case m.Type.V == "kubernetes":
			r.config.Secrets.Vault.Kubernetes = &config.VaultKubernetes{
				Role: m.Config.Role.V, TokenFile: m.Config.TokenPath.V, Mount: mount(m.MountPath.V),
			}
			if m.Config.Role.V == "" {
				r.config.Secrets.Vault.Kubernetes = nil
				r.note(at, "auto_auth: the method kubernetes has no role; add\nkubernetes: {role: …}")
			}
		case m.Type.V == "token_file":
			r.config.Secrets.Vault.TokenFile = m.Config.TokenFilePath.V
		default:
			r.note(at, "auto_auth: the method %s cannot be converted. Let Vault Agent go on logging in,\nand name the file of its sink:\ntoken_file: /path/to/token", m.Type.V)
		}
		if m.Namespace.V != "" {
			r.note(at, "auto_auth: the method's namespace %s is left out; see secrets.vault.namespace.", m.Namespace.V)
		}
		for _, u := range append(m.unknown, m.Config.unknown...) {
			r.comment(at, "%s: %s is left out.", u.at, u.key)
		}
	}
	if len(a.Sinks) > 0 {
		r.note(at, "auto_auth: sinks are left out; concierge keeps its token to itself.")
	}
	for _, u := range a.unknown {
		r.comment(at, "%s: %s is left out.", u.at, u.key)
	}
}

// mount drops what stands in front of the name of a login method.
func mount(path string) string {
	return strings.TrimPrefix(strings.Trim(path, "/"), "auth/")
}

// agentExec translates the process. Vault Agent stops it with TERM, as
// concierge does.
func (r *result) agentExec(e *agentExec) {
	command := e.Command.Args()
	if len(command) == 0 {
		return
	}
	r.config.Process = &config.Process{Program: config.Program{
		Command: command, SignalGroup: e.Command.Shell(), Stop: config.Stop{Signal: e.StopSignal.V},
	}}
	if e.OnChange.V == "never" {
		r.note("process", "restart_on_secret_changes = never: variables of the process still restart it;\nfiles do nothing (on_change: none).")
		for i := range r.config.Templates {
			r.config.Templates[i].OnChange = append(commands(r.config.Templates[i].OnChange), config.Action{Kind: config.ActionNone})
		}
	}
}

// commands returns the actions that are commands.
func commands(all config.Actions) config.Actions {
	var out config.Actions
	for _, a := range all {
		if a.Kind == config.ActionCommand {
			out = append(out, a)
		}
	}
	return out
}

func (r *result) envTemplates(all []envTemplate) {
	for _, e := range all {
		value := e.Contents.V
		if value == "" && e.Source.V != "" {
			text, err := os.ReadFile(e.Source.V)
			if err != nil {
				r.note("env", "env_template %s: %s cannot be read; write its text as value.", e.Name, e.Source.V)
				continue
			}
			value = string(text)
			r.comment("env", "%s was the file %s.", e.Name, filepath.Base(e.Source.V))
		}
		if e.LeftDelimiter.V != "" || e.RightDelimiter.V != "" {
			r.note("env", "env_template %s has delimiters of its own; rewrite it with {{ and }}.", e.Name)
		}
		if e.ErrorOnMissingKey.V {
			r.config.ErrorOnMissingKey = true
			r.comment("error_on_missing_key", "Was set for the variable %s alone.", e.Name)
		}
		for _, u := range e.unknown {
			r.comment("env", "%s: %s of %s is left out.", u.at, u.key, e.Name)
		}
		r.config.Env = append(r.config.Env, config.EnvVar{Name: e.Name, Value: value})
	}
	if len(all) > 0 && r.config.Process == nil {
		r.note("env", "There is no process that the variables are for; add process: {command: […]}.")
	}
}

func (r *result) agentOthers(a *agentFile) {
	r.config.PIDFile = a.PIDFile.V
	switch level := strings.ToLower(a.LogLevel.V); level {
	case "trace":
		r.config.Log.Level = "debug"
	case "err":
		r.config.Log.Level = "error"
	case "debug", "info", "warn", "error":
		r.config.Log.Level = level
	}
	if a.LogFormat.V == "json" {
		r.config.Log.Format = "json"
	}
	if a.LogFile.V != "" {
		r.config.Log.File = &config.LogFile{Path: a.LogFile.V}
	}
	if a.ExitAfter.V {
		r.note("", "exit_after_auth is left out: use concierge render.")
	}
	for _, u := range a.unknown {
		r.note("", "%s: %s is left out; concierge has no counterpart.", u.at, u.key)
	}
}
