package consultemplate_test

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
)

// seen is one thing that can be seen in a configuration.
type seen func(*consultemplate.Loaded) any

var (
	consul = func(get func(*config.Consul) any) seen {
		return func(l *consultemplate.Loaded) any { return get(l.Config.Sources.Consul) }
	}
	vault = func(get func(*config.Vault) any) seen {
		return func(l *consultemplate.Loaded) any { return get(l.Config.Secrets.Vault) }
	}
	process = func(get func(*config.Process) any) seen {
		return func(l *consultemplate.Loaded) any { return get(l.Config.Process) }
	}
	whole = func(get func(*config.Config) any) seen {
		return func(l *consultemplate.Loaded) any { return get(l.Config) }
	}
	first = func(get func(config.Template) any) seen {
		return func(l *consultemplate.Loaded) any { return get(l.Config.Templates[0]) }
	}
)

// Everything that is the same for both stores.
type store struct {
	retry     config.Retry
	tls       config.TLS
	transport config.Transport
}

func storeOf(l *consultemplate.Loaded, name string) store {
	if name == "consul" {
		c := l.Config.Sources.Consul
		return store{c.Retry, c.TLS, c.Transport}
	}
	v := l.Config.Secrets.Vault
	return store{v.Retry, v.TLS, v.Transport}
}

// template is a document with one template that has these settings, too.
func template(settings string) string {
	return `template { contents = "x" destination = "/tmp/x" ` + settings + ` }`
}

func TestEveryKeyHasItsEffect(t *testing.T) {
	pem := write(t, "ca.pem", "")
	for _, c := range []struct {
		text string
		get  seen
		want any
	}{
		// top level
		{`log_level = "trace"`, whole(func(c *config.Config) any { return c.Log.Level }), "debug"},
		{`log_level = "INFO"`, whole(func(c *config.Config) any { return c.Log.Level }), "info"},
		{`log_level = "err"`, whole(func(c *config.Config) any { return c.Log.Level }), "error"},
		{`max_stale = "5s"`, consul(func(c *config.Consul) any { return c.MaxStale }), 5 * time.Second},
		{`max_stale = 0`, consul(func(c *config.Consul) any { return c.MaxStale }), time.Duration(0)},
		{`block_query_wait = "5s"`, consul(func(c *config.Consul) any { return c.QueryWait }), 5 * time.Second},
		{`reload_signal = "SIGUSR1"`, whole(func(c *config.Config) any { return fmt.Sprint(c.Signals.Reload) }), "[USR1]"},
		{`reload_signal = ""`, whole(func(c *config.Config) any { return c.Signals.Reload != nil && len(c.Signals.Reload) == 0 }), true},
		{`kill_signal = "SIGUSR2"`, whole(func(c *config.Config) any { return fmt.Sprint(c.Signals.Stop) }), "[USR2]"},
		{`kill_signal = "SIGUSR2"`, func(l *consultemplate.Loaded) any { return l.KillSignal }, syscall.SIGUSR2},
		{`kill_signal = ""`, whole(func(c *config.Config) any { return c.Signals.Stop != nil && len(c.Signals.Stop) == 0 }), true},
		{`kill_signal = ""`, func(l *consultemplate.Loaded) any { return l.KillSignal }, syscall.Signal(0)},
		{`kill_signal = "SIGHUP"`, whole(func(c *config.Config) any { return fmt.Sprint(c.Signals.Reload, c.Signals.Stop) }), "[HUP] []"},
		{`pid_file = "/run/x"`, whole(func(c *config.Config) any { return c.PIDFile }), "/run/x"},
		{`err_on_failed_lookup = true`, whole(func(c *config.Config) any { return c.FailOnMissing }), true},
		{`once = true`, func(l *consultemplate.Loaded) any { return l.Once }, true},
		{`parse_only = true`, func(l *consultemplate.Loaded) any { return l.ParseOnly }, true},
		{`parseonly = true`, func(l *consultemplate.Loaded) any { return l.ParseOnly }, true},
		{`default_delimiters { left = "<<" }`, whole(func(c *config.Config) any { return c.Delimiters }), config.Delimiters{Left: "<<", Right: "}}"}},
		{`default_delimiters { right = ">>" }`, whole(func(c *config.Config) any { return c.Delimiters }), config.Delimiters{Left: "{{", Right: ">>"}},
		{`wait { min = "2s" }`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{Min: 2 * time.Second, Max: 8 * time.Second}},
		{`wait { min = "2s" max = "5s" }`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{Min: 2 * time.Second, Max: 5 * time.Second}},
		{`wait { min = "5s" max = "1s" }`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{Min: 5 * time.Second, Max: 5 * time.Second}},
		{`wait { max = "5s" }`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{}},
		{`wait { min = "2s" enabled = false }`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{}},
		{`wait { min = "2s" bool = false }`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{}},
		{`wait = "2s:3s"`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{Min: 2 * time.Second, Max: 3 * time.Second}},
		{`wait = " 2s "`, whole(func(c *config.Config) any { return c.Wait }), config.Wait{Min: 2 * time.Second, Max: 8 * time.Second}},
		{`syslog { enabled = true }`, whole(func(c *config.Config) any { return *c.Log.Syslog }), config.Syslog{Facility: "LOCAL0", Tag: "consul-template", Format: "rfc3164"}},
		{`syslog { facility = "DAEMON" name = "x" }`, whole(func(c *config.Config) any { return *c.Log.Syslog }), config.Syslog{Facility: "DAEMON", Tag: "x", Format: "rfc3164"}},
		{`syslog { facility = "DAEMON" enabled = false }`, whole(func(c *config.Config) any { return c.Log.Syslog == nil }), true},
		{`log_file { path = "/l/x.log" }`, whole(func(c *config.Config) any { return *c.Log.File }), config.LogFile{Path: "/l/x.log", RotateInterval: 24 * time.Hour}},
		{`log_file { path = "/l/" log_rotate_bytes = 5 log_rotate_duration = "1h" log_rotate_max_files = 3 }`,
			whole(func(c *config.Config) any { return *c.Log.File }),
			config.LogFile{Path: "/l/consul-template.log", RotateBytes: 5, RotateInterval: time.Hour, MaxFiles: 3}},
		{`log_file { log_rotate_bytes = 5 }`, whole(func(c *config.Config) any { return c.Log.File == nil }), true},
		{`deduplicate { enabled = true prefix = "x" ttl = "1s" max_stale = "1s" block_query_wait = "1s" }`, whole(func(c *config.Config) any { return c.Sources.Default }), "consul"},
		{`nomad { address = "x" enabled = true namespace = "n" token = "t" auth_username = "u" auth_password = "p" ssl { verify = false } transport { dial_timeout = "1s" } retry { attempts = 1 } }`,
			whole(func(c *config.Config) any { return c.Sources.Default }), "consul"},

		// consul
		{`consul { address = "c:1" }`, consul(func(c *config.Consul) any { return c.Address }), "c:1"},
		{`consul = "c:1"`, consul(func(c *config.Consul) any { return c.Address }), "c:1"},
		{`consul { namespace = "n" }`, consul(func(c *config.Consul) any { return c.Namespace }), "n"},
		{`consul { token = "t" }`, consul(func(c *config.Consul) any { return c.Token.Reveal() }), "t"},
		{`consul { token = "t" token_file = "/t" }`, consul(func(c *config.Consul) any { return c.Token.Reveal() + c.TokenFile }), "/t"},
		{`consul { auth { username = "u" password = "p" } }`, consul(func(c *config.Consul) any { return c.Username + ":" + c.Password.Reveal() }), "u:p"},
		{`consul { auth { username = "u" enabled = false } }`, consul(func(c *config.Consul) any { return c.Username }), ""},
		{`consul { auth = "u:p:q" }`, consul(func(c *config.Consul) any { return c.Username + "|" + c.Password.Reveal() }), "u|p:q"},
		{`consul { ssl { enabled = true } }`, consul(func(c *config.Consul) any { return c.Address }), "https://127.0.0.1:8500"},
		{`consul { address = "http://c:1" ssl { verify = true } }`, consul(func(c *config.Consul) any { return c.Address }), "https://c:1"},
		{`consul { address = "unix:///s" ssl { enabled = true } }`, consul(func(c *config.Consul) any { return c.Address }), "unix:///s"},
		{`consul { address = "https://c:1" }`, consul(func(c *config.Consul) any { return c.Address }), "https://c:1"},
		{`consul { address = "c:1" ssl { enabled = false verify = false } }`, consul(func(c *config.Consul) any { return fmt.Sprint(c.Address, c.TLS.InsecureSkipVerify) }), "c:1false"},

		// vault
		{`vault { address = "http://v:1" enabled = false }`, vault(func(v *config.Vault) any { return v.Address }), "http://v:1"},
		{`vault { namespace = "n" }`, vault(func(v *config.Vault) any { return v.Namespace }), "n"},
		{`vault { token = "t" }`, vault(func(v *config.Vault) any { return fmt.Sprint(v.Token.Reveal(), *v.RenewToken) }), "ttrue"},
		{`vault { token = "t" vault_agent_token_file = "/t" }`, vault(func(v *config.Vault) any { return fmt.Sprint(v.Token.Reveal(), v.TokenFile, *v.RenewToken) }), "/tfalse"},
		{`vault { vault_agent_token_file = "/t" renew_token = true }`, vault(func(v *config.Vault) any { return *v.RenewToken }), true},
		{`vault { renew_token = false }`, vault(func(v *config.Vault) any { return *v.RenewToken }), false},
		{`vault { unwrap_token = true }`, vault(func(v *config.Vault) any { return v.UnwrapToken }), true},
		{`vault { client_user_agent = "x" }`, vault(func(v *config.Vault) any { return v.UserAgent }), "x"},
		{`vault { default_lease_duration = "1m" }`, vault(func(v *config.Vault) any { return v.Refresh }), time.Minute},
		{`vault { lease_renewal_threshold = 0.75 }`, vault(func(v *config.Vault) any { return v.LeaseThreshold }), 75},
		{`vault { k8s_auth_role_name = "r" }`, vault(func(v *config.Vault) any { return *v.Kubernetes }), config.VaultKubernetes{Role: "r", Mount: "kubernetes"}},
		{`vault { k8s_auth_role_name = "r" k8s_service_account_token_path = "/t" k8s_service_mount_path = "m" }`,
			vault(func(v *config.Vault) any { return *v.Kubernetes }), config.VaultKubernetes{Role: "r", TokenFile: "/t", Mount: "m"}},
		{`vault { k8s_auth_role_name = "r" k8s_service_account_token = "s" k8s_service_account_token_path = "/t" }`,
			vault(func(v *config.Vault) any { return v.Kubernetes.Token.Reveal() + v.Kubernetes.TokenFile }), "s"},
		{`vault { k8s_auth_role_name = "r" token = "t" }`, vault(func(v *config.Vault) any { return v.Kubernetes == nil }), true},
		{`vault { ssl { enabled = false verify = false } }`, vault(func(v *config.Vault) any { return v.TLS }), config.TLS{InsecureSkipVerify: true}},
		{`vault { ssl { verify = false } }`, vault(func(v *config.Vault) any { return v.TLS.InsecureSkipVerify }), true},

		// exec
		{`exec { command = ["a", "b c"] }`, process(func(p *config.Process) any { return strings.Join(p.Command, "|") }), "a|b c"},
		{`exec { command = "a b" }`, process(func(p *config.Process) any { return strings.Join(p.Command, "|") }), "sh|-c|a b"},
		{`exec { command = "a" enabled = false }`, whole(func(c *config.Config) any { return c.Process == nil }), true},
		{`exec { splay = "1s" }`, whole(func(c *config.Config) any { return c.Process == nil }), true},
		{`exec { command = "a" timeout = "1s" kill_signal = "SIGTERM" kill_timeout = "5s" splay = "2s" }`, process(func(p *config.Process) any { return p.Stop }),
			config.Stop{Signal: config.Signal(syscall.SIGTERM), Timeout: 5 * time.Second, Splay: 2 * time.Second}},
		{`exec { command = "a" kill_signal = "" }`, process(func(p *config.Process) any { return p.Stop.Signal.String() }), "INT"},
		{`exec { command = "a" kill_timeout = "0s" }`, process(func(p *config.Process) any { return p.Stop.Timeout }), time.Nanosecond},
		{`exec { command = "a" reload_signal = "SIGHUP" }`, process(func(p *config.Process) any { return p.Reload.Signal.String() }), "HUP"},
		{`exec { command = "a" reload_signal = "" }`, process(func(p *config.Process) any { return p.Reload == nil }), true},
		{`exec { command = "a" env { pristine = true custom = ["A=1", "B=2"] allowlist = ["X*"] whitelist = "Y,Z" denylist = ["N"] blacklist = ["O"] } }`,
			process(func(p *config.Process) any {
				return fmt.Sprint(p.Environment.Pristine, p.Environment.Set, p.Environment.Allow, p.Environment.Deny, p.Environment.Credentials)
			}),
			"true [A=1 B=2] [X* Y Z] [N O] true"},
		{`exec { command = "a" env { custom = ["A", "=1", "B="] allowlist = ["[", ""] } }`, process(func(p *config.Process) any { return fmt.Sprint(p.Environment.Set, p.Environment.Allow) }), "[B=] [=]"},

		// template
		{template(``), first(func(t config.Template) any { return t.Contents + t.Destination }), "x/tmp/x"},
		{`template { source = "` + pem + `" destination = "rel" }`, first(func(t config.Template) any { return t.Source + "|" + t.Destination }), pem + "|rel"},
		{template(`create_dest_dirs = false`), first(func(t config.Template) any { return *t.CreateDirs }), false},
		{template(`perms = "0640"`), first(func(t config.Template) any { return t.Mode }), fs.FileMode(0o640)},
		{template(`perms = 0640`), first(func(t config.Template) any { return t.Mode }), fs.FileMode(0o640)},
		{template(`perms = 0`), first(func(t config.Template) any { return t.Mode }), fs.FileMode(0)},
		{template(`user = "u" group = "g" uid = 1 gid = 2`), first(func(t config.Template) any { return t.User + t.Group }), "ug"},
		{template(`uid = 1 gid = 0`), first(func(t config.Template) any { return t.User + "," + t.Group }), "1,0"},
		{template(`backup = true`), first(func(t config.Template) any { return t.Backup }), true},
		{template(`left_delimiter = "<<"`), first(func(t config.Template) any { return *t.Delimiters }), config.Delimiters{Left: "<<", Right: "}}"}},
		{template(`left_delimiter = "<<" right_delimiter = ">>"`), first(func(t config.Template) any { return *t.Delimiters }), config.Delimiters{Left: "<<", Right: ">>"}},
		{template(`error_on_missing_key = true`), first(func(t config.Template) any { return *t.ErrorOnMissingKey }), true},
		{template(`error_fatal = true`), first(func(t config.Template) any { return t.OnError }), "fail"},
		{template(`error_fatal = false`), first(func(t config.Template) any { return t.OnError }), "keep"},
		{template(``) + ` template_error_fatal = false`, first(func(t config.Template) any { return t.OnError }), "keep"},
		{template(`error_fatal = true`) + ` template_error_fatal = false`, first(func(t config.Template) any { return t.OnError }), "fail"},
		{template(`function_denylist = ["a", "sprig_*"] function_blacklist = ["b"]`), first(func(t config.Template) any { return strings.Join(t.DenyFunctions, "|") }), "a|sprig_*|b"},
		{template(`function_denylist = ["a[b?\\"]`), first(func(t config.Template) any { return t.DenyFunctions[0] }), `a\[b\?\\`},
		{template(`sandbox_path = "/s"`), first(func(t config.Template) any { return t.Sandbox }), "/s"},
		{template(`wait = "1s:2s"`), first(func(t config.Template) any { return *t.Wait }), config.Wait{Min: time.Second, Max: 2 * time.Second}},
		{template(`wait { min = "1s" }`), first(func(t config.Template) any { return *t.Wait }), config.Wait{Min: time.Second, Max: 4 * time.Second}},
		{template(`wait { enabled = false }`) + ` wait = "1s"`, first(func(t config.Template) any { return *t.Wait }), config.Wait{}},
		{template(``) + ` wait = "1s"`, first(func(t config.Template) any { return *t.Wait }), config.Wait{Min: time.Second, Max: 4 * time.Second}},
	} {
		if got := c.get(load(t, c.text, nil, nil)); got != c.want {
			t.Errorf("%s gives %#v, not %#v", c.text, got, c.want)
		}
	}
}

func TestBothStoresHaveTheSameBlocks(t *testing.T) {
	pem := write(t, "x.pem", "")
	for _, name := range []string{"consul", "vault"} {
		for _, c := range []struct {
			text string
			get  func(store) any
			want any
		}{
			{`retry { attempts = 3 }`, func(s store) any { return s.retry.Attempts }, 4},
			{`retry { attempts = 0 }`, func(s store) any { return s.retry.Attempts }, 0},
			{`retry { backoff = "1s" max_backoff = "5s" }`, func(s store) any { return s.retry }, config.Retry{Backoff: time.Second, MaxBackoff: 5 * time.Second}},
			{`retry { max_backoff = "0s" }`, func(s store) any { return s.retry.MaxBackoff > 24*time.Hour }, true},
			{`retry { enabled = false }`, func(s store) any { return s.retry.Attempts }, 1},
			{`ssl { cert = "` + pem + `" key = "` + pem + `" server_name = "n" ca_path = "d" }`, func(s store) any { return s.tls },
				config.TLS{CertFile: pem, KeyFile: pem, ServerName: "n", CADir: "d"}},
			{`ssl { cert = "` + pem + `" }`, func(s store) any { return s.tls.KeyFile }, pem},
			{`ssl { key = "` + pem + `" }`, func(s store) any { return s.tls }, config.TLS{}},
			{`ssl { ca_cert = "` + pem + `" ca_cert_bytes = "b" ca_path = "d" }`, func(s store) any { return s.tls }, config.TLS{CAFile: pem}},
			{`ssl { ca_cert_bytes = "b" ca_path = "d" }`, func(s store) any { return s.tls }, config.TLS{CAPEM: "b"}},
			{`transport { dial_keep_alive = "1s" dial_timeout = "2s" disable_keep_alives = true idle_conn_timeout = "3s" max_idle_conns = 4 max_idle_conns_per_host = 5 max_conns_per_host = 6 tls_handshake_timeout = "7s" }`,
				func(s store) any { return s.transport }, config.Transport{
					DialKeepAlive: time.Second, DialTimeout: 2 * time.Second, DisableKeepAlives: true, IdleConnTimeout: 3 * time.Second,
					MaxIdleConns: 4, MaxIdleConnsPerHost: 5, MaxConnsPerHost: 6, TLSHandshakeTimeout: 7 * time.Second}},
		} {
			text := name + " { " + c.text + " }"
			if got := c.get(storeOf(load(t, text, nil, nil), name)); got != c.want {
				t.Errorf("%s gives %#v, not %#v", text, got, c.want)
			}
		}
	}
}

func TestDefaultsAreConsulTemplates(t *testing.T) {
	l := load(t, template("")+` exec { command = "a" }`, nil, nil)
	c := l.Config
	transport := config.Transport{
		DialKeepAlive: 30 * time.Second, DialTimeout: 30 * time.Second, IdleConnTimeout: 5 * time.Second,
		MaxIdleConnsPerHost: 100, TLSHandshakeTimeout: 10 * time.Second,
	}
	retry := config.Retry{Backoff: 250 * time.Millisecond, MaxBackoff: time.Minute}
	for _, x := range []struct {
		name      string
		got, want any
	}{
		{"log", c.Log, config.Log{Level: "warn", Format: "text"}},
		{"default source", c.Sources.Default, "consul"},
		{"consul address", c.Sources.Consul.Address, "127.0.0.1:8500"},
		{"max_stale", c.Sources.Consul.MaxStale, 2 * time.Second},
		{"query wait", c.Sources.Consul.QueryWait, time.Minute},
		{"consul transport", c.Sources.Consul.Transport, transport},
		{"consul retry", c.Sources.Consul.Retry, retry},
		{"vault address", c.Secrets.Vault.Address, "https://127.0.0.1:8200"},
		{"vault transport", c.Secrets.Vault.Transport, transport},
		{"vault retry", c.Secrets.Vault.Retry, retry},
		{"vault refresh", c.Secrets.Vault.Refresh, 5 * time.Minute},
		{"vault threshold", c.Secrets.Vault.LeaseThreshold, 90},
		{"vault tls", c.Secrets.Vault.TLS, config.TLS{}},
		{"signals", fmt.Sprint(c.Signals.Reload, c.Signals.Stop), "[HUP] [INT]"},
		{"kill signal", l.KillSignal, syscall.SIGINT},
		{"stop", c.Process.Stop, config.Stop{Signal: config.Signal(syscall.SIGINT), Timeout: 30 * time.Second}},
		{"credentials", c.Process.Environment.Credentials, true},
		{"wait", c.Wait, config.Wait{}},
		{"on_error", c.Templates[0].OnError, "fail_first"},
		{"create dirs", *c.Templates[0].CreateDirs, true},
		{"error_on_missing_key", *c.Templates[0].ErrorOnMissingKey, false},
		{"on change", c.Templates[0].OnChange[0].Kind, config.ActionRestart},
		{"plain paths", c.PlainPaths && c.SharedDestinations && !c.DryRun, true},
		{"modes", l.Once || l.Dry || l.ParseOnly, false},
	} {
		if x.got != x.want {
			t.Errorf("%s is %+v, not %+v", x.name, x.got, x.want)
		}
	}
}

func TestOnceGivesUpAsConsulTemplateDoes(t *testing.T) {
	for text, want := range map[string]int{``: 13, `consul { retry { attempts = 2 } }`: 3, `consul { retry { attempts = 0 } }`: 0} {
		if got := load(t, text, []string{"-once"}, nil).Config.Sources.Consul.Retry.Attempts; got != want {
			t.Errorf("%s: gives up after %d failures, not %d", text, got, want)
		}
	}
}

func TestWhatFollowsAChange(t *testing.T) {
	const child = ` exec { command = "a" } `
	for text, want := range map[string]string{
		template(``):         "none",
		template(``) + child: "restart",
		template(``) + `exec { command = "a" reload_signal = "SIGHUP" }`:         "signal HUP",
		template(``) + `exec { command = "a" reload_signal = "" }`:               "none",
		template(``) + `exec { command = "a" enabled = false }`:                  "none",
		template(`command = "x"`):                                                "command [x] 30s",
		template(`command = "x y"`) + child:                                      "command [sh -c x y] 30s, restart",
		template(`command = "x" command_timeout = "5s"`):                         "command [x] 5s",
		template(`command = "x" command_timeout = "5s" exec { timeout = "7s" }`): "command [x] 7s",
		template(`command = "x" command_timeout = "0s"`):                         "command [x] background",
		template(`exec { command = ["x", "y z"] timeout = 0 }`):                  "command [x y z] background",
		template(`command = "old" exec { command = "new" }`):                     "command [new] 30s",
		template(`command = "old" exec { command = "" }`):                        "none",
		template(`exec { command = "x" enabled = false }`):                       "none",
		template(`exec { command = "x" reload_signal = "SIGHUP" splay = "1s" }`): "command [x] 30s",
	} {
		var got []string
		for _, a := range load(t, text, nil, nil).Config.Templates[0].OnChange {
			s := string(a.Kind)
			switch {
			case a.Kind == config.ActionSignal:
				s += " " + a.Signal.String()
			case a.Command.Background:
				s += fmt.Sprint(" ", a.Command.Command, " background")
			case a.Kind == config.ActionCommand:
				s += fmt.Sprint(" ", a.Command.Command, " ", a.Command.Timeout)
			}
			got = append(got, s)
		}
		if got := strings.Join(got, ", "); got != want {
			t.Errorf("%s: %s, not %s", text, got, want)
		}
	}
}

// Tools of Consul and Vault work in what consul-template starts.
func TestProcessesGetTheStoresInTheirEnvironment(t *testing.T) {
	const stores = `
		consul { address = "c:1" token = "t" token_file = "/t" auth = "u:p" ssl { verify = false } }
		vault { address = "http://v:1" ssl { verify = false ca_path = "d" server_name = "n" ca_cert_bytes = "b" } }`
	const want = "CONSUL_HTTP_ADDR=c:1 CONSUL_HTTP_AUTH=u:p CONSUL_HTTP_TOKEN=t CONSUL_HTTP_TOKEN_FILE=/t CONSUL_HTTP_SSL=true CONSUL_HTTP_SSL_VERIFY=false " +
		"VAULT_ADDR=http://v:1 VAULT_SKIP_VERIFY=true VAULT_CAPATH=d VAULT_CACERT_BYTES=b VAULT_TLS_SERVER_NAME=n"
	l := load(t, stores+` exec { command = "a" env { pristine = true } }`+template(`exec { command = "x" env { custom = ["A=1"] } }`), nil, nil)
	if got := reveal(nil, l.Config.Process.Environment); got != want {
		t.Errorf("the process gets\n%s\nnot\n%s", got, want)
	}
	command := l.Config.Templates[0].OnChange[0].Command.Environment
	if got := reveal(nil, *command); got != want || command.Pristine || strings.Join(command.Set, "") != "A=1" {
		t.Errorf("the command gets %s and %+v", got, command)
	}
	text, err := l.Config.YAML()
	if err != nil || strings.Contains(string(text), "u:p") {
		t.Errorf("a secret is shown (%v) in\n%s", err, text)
	}
	if got := reveal(nil, load(t, `exec { command = "a" }`, nil, nil).Config.Process.Environment); got != "CONSUL_HTTP_SSL=false CONSUL_HTTP_SSL_VERIFY=true" {
		t.Errorf("without settings the process gets %s", got)
	}
}
