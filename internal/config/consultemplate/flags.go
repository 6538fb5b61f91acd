package consultemplate

import (
	"errors"
	"strings"

	"concierge/internal/config/hclfile"
)

// Flags returns all flags, for help texts and completion.
func Flags() []Flag { return new(Invocation).flags() }

// flags returns the flags, which set what is in the invocation.
func (i *Invocation) flags() []Flag {
	all := []Flag{{Name: "config", Arg: "path", Help: "Configuration file or directory; may be repeated, later ones win.", Set: i.addPath}}
	all = append(all, StoreFlags(&i.over)...)
	all = append(all, ExecFlags(&i.over)...)
	all = append(all, i.execFlags()...)
	all = append(all, CommonFlags(&i.over)...)
	all = append(all, i.ownFlags()...)
	return append(all, i.modeFlags()...)
}

// StoreFlags are those about Consul and Vault, for a document that has the
// settings of [Common].
func StoreFlags(doc any) []Flag {
	f := flagsOf(doc)
	return concat(
		f.of("consul-addr", "address", "consul.address", "Address of Consul."),
		f.of("consul-auth", "username[:password]", "consul.auth", "User and password for HTTP basic authentication."),
		f.of("consul-token", "token", "consul.token", "ACL token for Consul."),
		f.of("consul-token-file", "path", "consul.token_file", "File that holds the ACL token for Consul."),
		f.store("consul", "Consul"),
		f.of("vault-addr", "address", "vault.address", "Address of Vault."),
		f.of("vault-token", "token", "vault.token", "Token for Vault."),
		f.of("vault-agent-token-file", "path", "vault.vault_agent_token_file", "File that holds the token for Vault; read again when it changes."),
		f.of("vault-renew-token", "", "vault.renew_token", "Renew the token; the default unless it is from a file."),
		f.of("vault-unwrap-token", "", "vault.unwrap_token", "The token is a response-wrapping one with the real one in it."),
		f.of("vault-client-user-agent", "name", "vault.client_user_agent", "Name of this client in Vault's audit log."),
		f.of("vault-default-lease-duration", "duration", "vault.default_lease_duration", "How often secrets without a lease are read again (default 5m)."),
		f.store("vault", "Vault"),
		f.of("vault-transport-max-conns-per-host", "number", "vault.transport.max_conns_per_host", "Most connections to Vault; 0 is no limit."),
	)
}

// store returns the flags that exist for both stores.
func (f flagMaker) store(prefix, name string) []Flag {
	return concat(
		f.of(prefix+"-retry", "", prefix+".retry.enabled", "Ask "+name+" again after a failure (default true)."),
		f.of(prefix+"-retry-attempts", "number", prefix+".retry.attempts", "Give up after so many repetitions; 0 is never."),
		f.of(prefix+"-retry-backoff", "duration", prefix+".retry.backoff", "First delay; it doubles with each failure (default 250ms)."),
		f.of(prefix+"-retry-max-backoff", "duration", prefix+".retry.max_backoff", "Longest delay; 0 is no limit (default 1m)."),
		f.of(prefix+"-ssl", "", prefix+".ssl.enabled", "Speak TLS with "+name+"."),
		f.of(prefix+"-ssl-ca-cert", "path", prefix+".ssl.ca_cert", "PEM file of accepted authorities."),
		f.of(prefix+"-ssl-ca-path", "path", prefix+".ssl.ca_path", "Directory of PEM files of accepted authorities."),
		f.of(prefix+"-ssl-cert", "path", prefix+".ssl.cert", "PEM client certificate."),
		f.of(prefix+"-ssl-key", "path", prefix+".ssl.key", "PEM key of the client certificate."),
		f.of(prefix+"-ssl-server-name", "name", prefix+".ssl.server_name", "Name to verify instead of the address."),
		f.of(prefix+"-ssl-verify", "", prefix+".ssl.verify", "Verify the certificate of "+name+" (default true)."),
		f.of(prefix+"-transport-dial-keep-alive", "duration", prefix+".transport.dial_keep_alive", "Interval of keep-alive probes (default 30s)."),
		f.of(prefix+"-transport-dial-timeout", "duration", prefix+".transport.dial_timeout", "Longest wait for a connection (default 30s)."),
		f.of(prefix+"-transport-disable-keep-alives", "", prefix+".transport.disable_keep_alives", "Use each connection for one request only."),
		f.of(prefix+"-transport-max-idle-conns-per-host", "number", prefix+".transport.max_idle_conns_per_host", "Most idle connections kept (default 100)."),
		f.of(prefix+"-transport-tls-handshake-timeout", "duration", prefix+".transport.tls_handshake_timeout", "Longest TLS handshake (default 10s)."),
	)
}

// ExecFlags are those about the process that envconsul has, too.
func ExecFlags(doc any) []Flag {
	f := flagsOf(doc)
	return concat(
		[]Flag{{Name: "exec", Arg: "command", Help: "Start this command and look after it; with spaces in it, by the shell.", Set: func(text string) error {
			return errors.Join(hclfile.Set(doc, "exec.enabled", "true", "-exec"), hclfile.Set(doc, "exec.command", text, "-exec"))
		}}},
		f.of("exec-kill-signal", "signal", "exec.kill_signal", "Signal that asks the process to end (default SIGINT)."),
		f.of("exec-kill-timeout", "duration", "exec.kill_timeout", "After this the process is killed (default 30s)."),
		f.of("exec-splay", "duration", "exec.splay", "Wait a random time up to this before the process is stopped."),
	)
}

func (i *Invocation) execFlags() []Flag {
	f := flagsOf(&i.over)
	return concat(
		f.of("exec-reload-signal", "signal", "exec.reload_signal", "Signal sent to the process after a change, instead of a restart."),
		f.of("exec-env-pristine", "", "exec.env.pristine", "The process inherits no environment."),
		f.of("exec-env-custom", "NAME=value", "exec.env.custom", "Variable added to the environment of the process; may be repeated."),
		f.of("exec-env-allowlist", "pattern", "exec.env.allowlist", "Inherit only variables that match; may be repeated."),
		f.of("exec-env-denylist", "pattern", "exec.env.denylist", "Never inherit variables that match; may be repeated."),
	)
}

// CommonFlags are others that envconsul has, too.
func CommonFlags(doc any) []Flag {
	f := flagsOf(doc)
	return concat(
		f.of("kill-signal", "signal", "kill_signal", "Signal that ends concierge (default SIGINT)."),
		f.of("reload-signal", "signal", "reload_signal", "Signal that makes concierge read its configuration again (default SIGHUP)."),
		f.of("log-level", "level", "log_level", "One of trace, debug, info, warn and err (default warn)."),
		f.of("max-stale", "duration", "max_stale", "Let any server of Consul answer, with data at most this old; 0 asks the leader (default 2s)."),
		f.of("pid-file", "path", "pid_file", "File that holds the process ID while concierge runs."),
		f.of("syslog", "", "syslog.enabled", "Log to syslog, too."),
		f.of("syslog-facility", "facility", "syslog.facility", "Facility of syslog (default LOCAL0)."),
		f.of("wait", "min[:max]", "wait", "Quiet time before a change is rendered, and longest delay (default 4 times min)."),
	)
}

func (i *Invocation) ownFlags() []Flag {
	f := flagsOf(&i.over)
	return concat(
		f.of("syslog-name", "name", "syslog.name", "Name of the program in syslog (default consul-template)."),
		f.of("log-file", "path", "log_file.path", "Log to this file, too."),
		f.of("log-rotate-bytes", "number", "log_file.log_rotate_bytes", "Begin a new log file when it has so many bytes; 0 is never."),
		f.of("log-rotate-duration", "duration", "log_file.log_rotate_duration", "Begin a new log file this long after the last one (default 24h)."),
		f.of("log-rotate-max-files", "number", "log_file.log_rotate_max_files", "Keep so many old log files; 0 keeps all."),
		f.of("retry", "duration", "consul.retry.backoff", "Older name of -consul-retry-backoff."),
		f.of("default-left-delimiter", "text", "default_delimiters.left", "Left delimiter of templates (default {{)."),
		f.of("default-right-delimiter", "text", "default_delimiters.right", "Right delimiter of templates (default }})."),
		f.of("dedup", "", "deduplicate.enabled", "Accepted without effect: one instance asks for little, so there is nothing to share."),
		f.of("template-error-fatal", "", "template_error_fatal", "Whether a template that fails ends concierge; goes before what templates say."),
		[]Flag{{Name: "template", Arg: "in:out[:command]", Help: "Template, file to write and command to run after a change; may be repeated.", Set: i.addTemplate}},
	)
}

func (i *Invocation) modeFlags() []Flag {
	f := flagsOf(&i.over)
	return concat(
		f.of("once", "", "once", "Render everything once and end; without quiescence."),
		f.of("parse-only", "", "parse_only", "Only check that the templates can be parsed."),
		[]Flag{
			{Name: "dry", Help: "Print what would be written instead of writing it.", Set: switchTo(&i.Dry)},
			{Name: "v", Help: "Print the version.", Set: switchTo(&i.Version)},
			{Name: "version", Help: "Print the version.", Set: switchTo(&i.Version)},
		},
	)
}

// flagMaker makes flags that set something in a document.
type flagMaker struct{ doc any }

func flagsOf(doc any) flagMaker { return flagMaker{doc} }

func (f flagMaker) of(name, arg, path, help string) []Flag {
	return []Flag{{Name: name, Arg: arg, Help: help, Set: func(text string) error {
		return hclfile.Set(f.doc, path, text, "-"+name)
	}}}
}

func concat(groups ...[]Flag) []Flag {
	var all []Flag
	for _, g := range groups {
		all = append(all, g...)
	}
	return all
}

func (i *Invocation) addPath(path string) error {
	i.paths = append(i.paths, path)
	return nil
}

// addTemplate reads source:destination:command. The first two colons part,
// further ones belong to the command.
func (i *Invocation) addTemplate(text string) error {
	if strings.TrimSpace(text) == "" {
		return errors.New("is empty; write source:destination or source:destination:command")
	}
	t := Template{At: "-template"}
	parts := strings.SplitN(text, ":", 3)
	for n, field := range []*hclfile.Value[string]{&t.Source, &t.Destination} {
		if n < len(parts) && parts[n] != "" {
			*field = hclfile.Of(parts[n], t.At)
		}
	}
	if len(parts) == 3 && parts[2] != "" {
		t.Command = hclfile.Command{Line: parts[2], At: t.At}
	}
	i.over.Templates = append(i.over.Templates, t)
	return nil
}
