package consultemplate

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"concierge/internal/config"
	"concierge/internal/config/hclfile"
	"concierge/secrets"
)

// Process translates the process to look after; none without a command. hidden
// are variables that are added to its environment.
func (t *Translator) Process(e *Exec, hidden []secrets.Text) {
	command := e.Command.Args()
	if !e.Enabled.Or(true) || len(command) == 0 {
		return
	}
	t.note("process.command", e.Command.At)
	signal := e.KillSignal.V
	if e.KillSignal.Given() && signal == 0 {
		t.warn(e.KillSignal.At, "exec.kill_signal is empty; SIGINT is sent, because without a signal no process ends in time")
		signal = config.Signal(syscall.SIGINT)
	}
	p := &config.Process{Program: config.Program{
		Command:     command,
		SignalGroup: e.Command.Shell(),
		Environment: t.environment("exec.env", e.Env, hidden),
		Stop:        config.Stop{Signal: signal, Timeout: e.KillTimeout.V, Splay: e.Splay.V},
	}}
	if e.KillTimeout.Given() && p.Stop.Timeout == 0 {
		p.Stop.Timeout = time.Nanosecond // at once
	}
	if e.ReloadSignal.V != 0 {
		p.Reload = &config.Reload{Signal: e.ReloadSignal.V}
	}
	t.Config.Process = p
}

// change is what the process needs when a file changed: its signal, a restart
// without one, and nothing if the signal is empty.
func (e *Exec) change() config.Actions {
	switch signal := e.ReloadSignal; {
	case signal.V != 0:
		return config.Actions{{Kind: config.ActionSignal, Signal: signal.V}}
	case signal.Given():
		return nil
	}
	return config.Actions{{Kind: config.ActionRestart}}
}

// environment translates what a process inherits. Patterns and entries that
// consul-template passes over are left out with a warning.
func (t *Translator) environment(block string, e Env, hidden []secrets.Text) config.Environment {
	return config.Environment{
		Pristine: e.Pristine.V, Credentials: true, Hidden: hidden,
		Allow: t.patterns(block+".allowlist", e.Allowlist),
		Deny:  t.patterns(block+".denylist", e.Denylist),
		Set:   t.entries(block+".custom", e.Custom),
	}
}

// nothing is a pattern that no variable's name matches.
const nothing = "="

func (t *Translator) patterns(name string, list hclfile.Value[[]string]) []string {
	good := slices.DeleteFunc(slices.Clone(list.V), func(p string) bool {
		_, err := path.Match(p, "")
		bad := err != nil || p == ""
		if bad {
			t.warn(list.At, "%s: %q is not a pattern, and matches nothing", name, p)
		}
		return bad
	})
	if len(good) == 0 && len(list.V) > 0 {
		return []string{nothing} // an empty list would mean everything
	}
	return good
}

func (t *Translator) entries(name string, list hclfile.Value[[]string]) []string {
	return slices.DeleteFunc(slices.Clone(list.V), func(e string) bool {
		bad := strings.Index(e, "=") < 1
		if bad { // not shown: it may be a secret
			t.warn(list.At, "%s: an entry is not NAME=value, and is left out", name)
		}
		return bad
	})
}

// storeVariables are what consul-template adds to the environment of every
// process it starts, so that the tools of Consul and Vault work there. They are
// not filtered.
func storeVariables(c *Common) []secrets.Text {
	consul, ssl := c.Consul, c.Vault.SSL
	auth := consul.Auth.Username.V
	if password := consul.Auth.Password.V; !password.Empty() {
		auth += ":" + password.Reveal()
	}
	if !consul.Auth.Enabled.Or(true) {
		auth = ""
	}
	skip := ""
	if !ssl.Verify.Or(true) {
		skip = "true"
	}
	var set []secrets.Text
	for _, v := range []struct{ name, value string }{
		{"CONSUL_HTTP_ADDR", consul.Address.V},
		{"CONSUL_HTTP_AUTH", auth},
		{"CONSUL_HTTP_TOKEN", consul.Token.V.Reveal()},
		{"CONSUL_HTTP_TOKEN_FILE", consul.TokenFile.V},
		{"CONSUL_HTTP_SSL", strconv.FormatBool(consul.SSL.enabled())},
		{"CONSUL_HTTP_SSL_VERIFY", strconv.FormatBool(consul.SSL.Verify.Or(true))},
		{"VAULT_ADDR", c.Vault.Address.V},
		{"VAULT_SKIP_VERIFY", skip},
		{"VAULT_CLIENT_CERT", ssl.Cert.V},
		{"VAULT_CLIENT_KEY", ssl.Key.V},
		{"VAULT_CAPATH", ssl.CAPath.V},
		{"VAULT_CACERT", ssl.CACert.V},
		{"VAULT_CACERT_BYTES", ssl.CACertBytes.V},
		{"VAULT_TLS_SERVER_NAME", ssl.ServerName.V},
	} {
		if v.value != "" {
			set = append(set, secrets.NewText(v.name+"="+v.value))
		}
	}
	return set
}
