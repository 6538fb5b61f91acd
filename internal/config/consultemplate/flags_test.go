package consultemplate_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
	"concierge/internal/exit"
)

// flagCases returns a case for every flag that sets something: what stands on
// the command line, and what is to be seen.
func flagCases(pem string) map[string]struct {
	value string
	get   seen
	want  any
} {
	type c = struct {
		value string
		get   seen
		want  any
	}
	all := map[string]c{
		"consul-addr":                        {"c:1", consul(func(c *config.Consul) any { return c.Address }), "c:1"},
		"consul-auth":                        {"u:p", consul(func(c *config.Consul) any { return c.Username + c.Password.Reveal() }), "up"},
		"consul-token":                       {"t", consul(func(c *config.Consul) any { return c.Token.Reveal() }), "t"},
		"consul-token-file":                  {"/t", consul(func(c *config.Consul) any { return c.TokenFile }), "/t"},
		"vault-addr":                         {"http://v:1", vault(func(v *config.Vault) any { return v.Address }), "http://v:1"},
		"vault-token":                        {"t", vault(func(v *config.Vault) any { return v.Token.Reveal() }), "t"},
		"vault-agent-token-file":             {"/t", vault(func(v *config.Vault) any { return v.TokenFile }), "/t"},
		"vault-renew-token":                  {"false", vault(func(v *config.Vault) any { return *v.RenewToken }), false},
		"vault-unwrap-token":                 {"", vault(func(v *config.Vault) any { return v.UnwrapToken }), true},
		"vault-client-user-agent":            {"x", vault(func(v *config.Vault) any { return v.UserAgent }), "x"},
		"vault-default-lease-duration":       {"1m", vault(func(v *config.Vault) any { return v.Refresh }), time.Minute},
		"vault-transport-max-conns-per-host": {"3", vault(func(v *config.Vault) any { return v.Transport.MaxConnsPerHost }), 3},
		"exec":                               {"a,b c", process(func(p *config.Process) any { return strings.Join(p.Command, "|") }), "sh|-c|a,b c"},
		"exec-kill-signal":                   {"SIGTERM", process(func(p *config.Process) any { return p.Stop.Signal.String() }), "TERM"},
		"exec-kill-timeout":                  {"5s", process(func(p *config.Process) any { return p.Stop.Timeout }), 5 * time.Second},
		"exec-splay":                         {"5s", process(func(p *config.Process) any { return p.Stop.Splay }), 5 * time.Second},
		"exec-reload-signal":                 {"SIGHUP", process(func(p *config.Process) any { return p.Reload.Signal.String() }), "HUP"},
		"exec-env-pristine":                  {"", process(func(p *config.Process) any { return p.Environment.Pristine }), true},
		"exec-env-custom":                    {"A=b,c", process(func(p *config.Process) any { return strings.Join(p.Environment.Set, "|") }), "A=b,c"},
		"exec-env-allowlist":                 {"A*", process(func(p *config.Process) any { return strings.Join(p.Environment.Allow, "|") }), "A*"},
		"exec-env-denylist":                  {"A*", process(func(p *config.Process) any { return strings.Join(p.Environment.Deny, "|") }), "A*"},
		"kill-signal":                        {"SIGTERM", whole(func(c *config.Config) any { return fmt.Sprint(c.Signals.Stop) }), "[TERM]"},
		"reload-signal":                      {"SIGUSR1", whole(func(c *config.Config) any { return fmt.Sprint(c.Signals.Reload) }), "[USR1]"},
		"log-level":                          {"err", whole(func(c *config.Config) any { return c.Log.Level }), "error"},
		"max-stale":                          {"0s", consul(func(c *config.Consul) any { return c.MaxStale }), time.Duration(0)},
		"pid-file":                           {"/p", whole(func(c *config.Config) any { return c.PIDFile }), "/p"},
		"syslog":                             {"", whole(func(c *config.Config) any { return c.Log.Syslog.Tag }), "consul-template"},
		"syslog-facility":                    {"DAEMON", whole(func(c *config.Config) any { return c.Log.Syslog.Facility }), "DAEMON"},
		"syslog-name":                        {"x", whole(func(c *config.Config) any { return c.Log.Syslog.Tag }), "x"},
		"wait":                               {"1s:2s", whole(func(c *config.Config) any { return c.Wait }), config.Wait{Min: time.Second, Max: 2 * time.Second}},
		"log-file":                           {"/l", whole(func(c *config.Config) any { return c.Log.File.Path }), "/l"},
		"log-rotate-bytes":                   {"5", whole(func(c *config.Config) any { return c.Log.File.RotateBytes }), 5},
		"log-rotate-duration":                {"1h", whole(func(c *config.Config) any { return c.Log.File.RotateInterval }), time.Hour},
		"log-rotate-max-files":               {"5", whole(func(c *config.Config) any { return c.Log.File.MaxFiles }), 5},
		"retry":                              {"7s", consul(func(c *config.Consul) any { return c.Retry.Backoff }), 7 * time.Second},
		"default-left-delimiter":             {"<<", whole(func(c *config.Config) any { return c.Delimiters.Left }), "<<"},
		"default-right-delimiter":            {">>", whole(func(c *config.Config) any { return c.Delimiters.Right }), ">>"},
		"dedup":                              {"", whole(func(c *config.Config) any { return c.Sources.Default }), "consul"},
		"template-error-fatal":               {"false", first(func(t config.Template) any { return t.OnError }), "keep"},
		"template": {pem + ":/out:echo a:b", func(l *consultemplate.Loaded) any {
			t := l.Config.Templates[1]
			return t.Source + " " + t.Destination + " " + strings.Join(t.OnChange[0].Command.Command, "|")
		}, pem + " /out sh|-c|echo a:b"},
		"once":       {"", func(l *consultemplate.Loaded) any { return l.Once }, true},
		"parse-only": {"", func(l *consultemplate.Loaded) any { return l.ParseOnly }, true},
		"dry":        {"", func(l *consultemplate.Loaded) any { return l.Dry && l.Config.DryRun }, true},
		"config":     {pem, func(l *consultemplate.Loaded) any { return l.Config != nil }, true},
	}
	for _, name := range []string{"consul", "vault"} {
		of := func(get func(store) any) seen {
			return func(l *consultemplate.Loaded) any { return get(storeOf(l, name)) }
		}
		all[name+"-retry"] = c{"false", of(func(s store) any { return s.retry.Attempts }), 1}
		all[name+"-retry-attempts"] = c{"3", of(func(s store) any { return s.retry.Attempts }), 4}
		all[name+"-retry-backoff"] = c{"1s", of(func(s store) any { return s.retry.Backoff }), time.Second}
		all[name+"-retry-max-backoff"] = c{"2s", of(func(s store) any { return s.retry.MaxBackoff }), 2 * time.Second}
		all[name+"-ssl"] = c{"", func(l *consultemplate.Loaded) any { return l.Config.Sources.Consul.Address }, map[string]string{"consul": "https://127.0.0.1:8500", "vault": "127.0.0.1:8500"}[name]}
		all[name+"-ssl-ca-cert"] = c{pem, of(func(s store) any { return s.tls.CAFile }), pem}
		all[name+"-ssl-ca-path"] = c{"d", of(func(s store) any { return s.tls.CADir }), "d"}
		all[name+"-ssl-cert"] = c{pem, of(func(s store) any { return s.tls.CertFile + s.tls.KeyFile }), pem + pem}
		all[name+"-ssl-key"] = c{pem, of(func(s store) any { return s.tls }), config.TLS{}}
		all[name+"-ssl-server-name"] = c{"n", of(func(s store) any { return s.tls.ServerName }), "n"}
		all[name+"-ssl-verify"] = c{"false", of(func(s store) any { return s.tls.InsecureSkipVerify }), true}
		all[name+"-transport-dial-keep-alive"] = c{"1s", of(func(s store) any { return s.transport.DialKeepAlive }), time.Second}
		all[name+"-transport-dial-timeout"] = c{"1s", of(func(s store) any { return s.transport.DialTimeout }), time.Second}
		all[name+"-transport-disable-keep-alives"] = c{"", of(func(s store) any { return s.transport.DisableKeepAlives }), true}
		all[name+"-transport-max-idle-conns-per-host"] = c{"3", of(func(s store) any { return s.transport.MaxIdleConnsPerHost }), 3}
		all[name+"-transport-tls-handshake-timeout"] = c{"1s", of(func(s store) any { return s.transport.TLSHandshakeTimeout }), time.Second}
	}
	return all
}

func TestEveryFlagHasItsEffect(t *testing.T) {
	pem := write(t, "x.pem", "")
	cases := flagCases(pem)
	for _, f := range consultemplate.Flags() {
		c, ok := cases[f.Name]
		switch {
		case f.Name == "v" || f.Name == "version":
			continue
		case !ok:
			t.Errorf("-%s has no test", f.Name)
			continue
		case f.Help == "":
			t.Errorf("-%s has no help", f.Name)
		}
		for _, dash := range []string{"-", "--"} {
			text := template("")
			args := []string{dash + f.Name + "=" + c.value}
			switch {
			case c.value == "":
				args = []string{dash + f.Name}
			case f.Arg != "":
				args = []string{dash + f.Name, c.value}
			}
			switch { // what makes the effect visible
			case strings.HasPrefix(f.Name, "exec-"):
				text += ` exec { command = "a" }`
			case strings.HasPrefix(f.Name, "syslog-"):
				text += ` syslog { enabled = true }`
			case strings.HasPrefix(f.Name, "log-rotate"):
				text += ` log_file { path = "/l" }`
			}
			if got := c.get(load(t, text, args, nil)); got != c.want {
				t.Errorf("%v gives %#v, not %#v", args, got, c.want)
			}
		}
	}
}

func TestVersionAndHelpNeedNoConfiguration(t *testing.T) {
	for _, arg := range []string{"-v", "--version", "-version=true", "-h", "-help", "--help"} {
		inv, err := consultemplate.Parse([]string{arg}, nil)
		if err != nil || inv.Version == inv.Help {
			t.Errorf("%s: %+v, %v", arg, inv, err)
		}
	}
	var help bytes.Buffer
	consultemplate.Usage(&help, "consul-template")
	for _, f := range consultemplate.Flags() {
		if !strings.Contains(help.String(), "  -"+f.Name) {
			t.Errorf("-%s is not in the help", f.Name)
		}
	}
}

func TestWrongUsageHasItsStatusAndHint(t *testing.T) {
	for _, c := range []struct {
		args    string
		environ string
		want    string
	}{
		{"-onc", "", "unknown flag -onc; did you mean -once?"},
		{"-once --zzzzzzzzzzz", "", "unknown flag -zzzzzzzzzzz; -help lists the flags"},
		{"-log-level info -vault-adr=x", "", "unknown flag -vault-adr; did you mean -vault-addr?"},
		{"-once x", "", `unexpected argument "x"; give the command to start as -exec="command argument"`},
		{"-once -- x", "", `unexpected argument "x"; give the command to start as -exec="command argument"`},
		{"-config", "", "flag needs an argument: -config"},
		{"-once=perhaps", "", `invalid boolean value "perhaps" for -once: is neither true nor false; write true or false`},
		{"-wait=x", "", `invalid value "x" for flag -wait: is not min or min:max; write for example 5s:20s`},
		{"-wait=5s:1s", "", `invalid value "5s:1s" for flag -wait: has a max that is less than min; write for example 5s:20s`},
		{"-consul-retry-attempts=x", "", `invalid value "x" for flag -consul-retry-attempts: is not a number; write digits only, for example 10`},
		{"-kill-signal=X", "", `invalid value "X" for flag -kill-signal: is not a signal; write a name such as SIGHUP or SIGTERM`},
		{"-max-stale=1", "", `invalid value "1" for flag -max-stale: is a duration without a unit; write 1s for seconds`},
		{"-template=", "", `invalid value "" for flag -template: is empty; write source:destination or source:destination:command`},
		{"-consul-auth=", "", `invalid value "" for flag -consul-auth: is empty; write user or user:password`},
		{"-once", "CT_LOCAL_CONFIG=onc = true", `CT_LOCAL_CONFIG:1:1: "onc" is not a known key; did you mean once?`},
	} {
		_, err := consultemplate.Parse(strings.Fields(c.args), []string{c.environ})
		if err == nil || err.Error() != c.want || exit.Code(err) != exit.Usage {
			t.Errorf("%s %s: %v (%d), not %s", c.args, c.environ, err, exit.Code(err), c.want)
		}
	}
}
