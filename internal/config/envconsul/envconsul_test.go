package envconsul_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/config"
	"concierge/internal/config/envconsul"
	"concierge/internal/exit"
)

// load reads a document with these arguments and variables. Without a command
// among the arguments there is one.
func load(t *testing.T, text string, args, environ []string) (*envconsul.Loaded, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "c.hcl")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	inv, err := envconsul.Parse(append([]string{"-config", path}, args...), environ)
	if err != nil {
		return nil, err
	}
	return inv.Load()
}

func must(t *testing.T, text string, args, environ []string) *envconsul.Loaded {
	t.Helper()
	l, err := load(t, text, args, environ)
	if err != nil {
		t.Fatalf("%v in\n%s with %v", err, text, args)
	}
	return l
}

type seen func(*config.Config) any

func prefixes(c *config.Config) any {
	var all []string
	for _, p := range c.EnvPrefix {
		no := "unset"
		if p.NoPrefix != nil {
			no = fmt.Sprint(*p.NoPrefix)
		}
		all = append(all, fmt.Sprint(p.Path, " ", p.Format, " ", no, " ", *p.Upcase, " ", *p.Sanitize))
	}
	return strings.Join(all, "; ")
}

func secrets(c *config.Config) any {
	var all []string
	for _, s := range c.EnvSecret {
		all = append(all, fmt.Sprint(s.Path, " ", s.Format, " ", s.NoPrefix, " ", *s.Upcase, " ", *s.Sanitize, " ", s.Keys))
	}
	return strings.Join(all, "; ")
}

func services(c *config.Config) any {
	var all []string
	for _, s := range c.EnvService {
		all = append(all, strings.Join([]string{s.Query, s.FormatID, s.FormatName, s.FormatAddress, s.FormatTag, s.FormatPort}, " "))
	}
	return strings.Join(all, "; ")
}

func environment(c *config.Config) any {
	e := c.Process.Environment
	return fmt.Sprint(e.Pristine, e.Everything, e.Credentials, e.Allow, e.Deny, e.Set, len(e.Hidden))
}

func TestEveryKeyHasItsEffect(t *testing.T) {
	for _, c := range []struct {
		text string
		get  seen
		want any
	}{
		{`prefix { path = "app" }`, prefixes, "app  true false false"},
		{`prefix { path = "app/x" format = "a_{{ key }}" no_prefix = false } upcase = true sanitize = true`, prefixes, "app/x a_{{ key }} false true true"},
		{`prefix { path = "a" } prefix { path = "b" } prefix { format = "x" }`, prefixes, "a  true false false; b  true false false"},
		{`prefix { path = "app/{{ env \"STAGE\" }}" }`, prefixes, "app/prod  true false false"},
		{`secret { path = "s/app" }`, secrets, "s/app  false false false []"},
		{`secret { path = "s/{{ env \"STAGE\" }}" no_prefix = true format = "x" key { name = "a" format = "b" } key { name = "a" } }`, secrets, "s/prod x true false false [{a b} {a }]"},
		{`service { query = "web@dc1" }`, services, "web@dc1     "},
		{`service { query = "w" format_id = "1" format_name = "2" format_address = "3" format_tag = "4" format_port = "5" }`, services, "w 1 2 3 4 5"},
		{``, environment, "false true true [] [] [] 0"},
		{`pristine = true`, environment, "true true true [] [] [] 0"},
		{`exec { env { pristine = true custom = ["A=1"] } }`, environment, "false true true [] [*] [A=1] 0"},
		{`exec { env { allowlist = ["A*"] denylist = ["B*"] custom = ["A=1"] } }`, environment, "false true true [A*] [B*] [A=1] 0"},
		{`exec { command = ["a", "b"] }`, func(c *config.Config) any { return strings.Join(c.Process.Command, "|") }, "sh|-c|run it"},
		{`exec { reload_signal = "SIGHUP" }`, func(c *config.Config) any { return c.Process.Reload == nil }, true},
		{`exec { kill_signal = "SIGTERM" kill_timeout = "5s" splay = "1s" }`, func(c *config.Config) any { return c.Process.Stop },
			config.Stop{Signal: config.Signal(syscall.SIGTERM), Timeout: 5 * time.Second, Splay: time.Second}},
		{`log_level = "error"`, func(c *config.Config) any { return c.Log.Level }, "error"},
		{`log_level = "err"`, func(c *config.Config) any { return c.Log.Level }, "error"},
		{`syslog { enabled = true }`, func(c *config.Config) any { return c.Log.Syslog.Tag }, "envconsul"},
		{`wait = "1s:2s"`, func(c *config.Config) any { return c.Wait }, config.Wait{Min: time.Second, Max: 2 * time.Second}},
		{`max_stale = "5s"`, func(c *config.Config) any { return c.Sources.Consul.MaxStale }, 5 * time.Second},
		{`pid_file = "/p"`, func(c *config.Config) any { return c.PIDFile }, "/p"},
		{`kill_signal = "SIGUSR1" reload_signal = ""`, func(c *config.Config) any { return fmt.Sprint(c.Signals.Stop, c.Signals.Reload) }, "[USR1] []"},
		{`consul { address = "c:1" retry { attempts = 5 } }`, func(c *config.Config) any {
			return fmt.Sprint(c.Sources.Consul.Address, c.Sources.Consul.Retry.Attempts)
		}, "c:10"},
		{`vault { address = "http://v:1" retry { enabled = false } }`, func(c *config.Config) any { return fmt.Sprint(c.Secrets.Vault.Address, c.Secrets.Vault.Retry.Attempts) }, "http://v:10"},

		// old places
		{`auth { username = "u" password = "p" }`, func(c *config.Config) any { return c.Sources.Consul.Username + c.Sources.Consul.Password.Reveal() }, "up"},
		{`token = "t"`, func(c *config.Config) any { return c.Sources.Consul.Token.Reveal() }, "t"},
		{`ssl { verify = false }`, func(c *config.Config) any {
			return c.Sources.Consul.TLS.InsecureSkipVerify && c.Secrets.Vault.TLS.InsecureSkipVerify
		}, true},
		{`retry = "7s"`, func(c *config.Config) any {
			return c.Sources.Consul.Retry == c.Secrets.Vault.Retry && c.Sources.Consul.Retry == config.Retry{Backoff: 7 * time.Second, MaxBackoff: 7 * time.Second}
		}, true},
		{`splay = "1s" timeout = "2s"`, func(c *config.Config) any { return fmt.Sprint(c.Process.Stop.Splay, c.Process.Stop.Timeout) }, "1s 2s"},
		{`path = "x"`, func(c *config.Config) any { return c.PIDFile }, ""},
	} {
		l := must(t, c.text, []string{"run", "it"}, []string{"STAGE=prod"})
		if got := c.get(l.Config); got != c.want {
			t.Errorf("%s gives %#v, not %#v", c.text, got, c.want)
		}
	}
}

func TestSettingsInOldPlacesAreTold(t *testing.T) {
	l := must(t, "auth { username = \"u\" }\nssl { verify = true }\npath = \"x\"\nsplay = \"1s\"\nretry = \"1s\"\ntimeout = \"1s\"\ntoken = \"t\"", []string{"x"}, nil)
	if len(l.Warnings) != 7 {
		t.Errorf("warnings %q", l.Warnings)
	}
	if !strings.Contains(strings.Join(l.Warnings, "\n"), "c.hcl:4:1: splay is splay in the block exec by now") {
		t.Errorf("warnings %q", l.Warnings)
	}
}

func TestEveryFlagHasItsEffect(t *testing.T) {
	for args, c := range map[string]struct {
		get  seen
		want any
	}{
		"-prefix=/app -prefix b":                  {prefixes, "app  true false false; b  true false false"},
		"-prefix=app -secret=/s -no-prefix=false": {prefixes, "app  false false false"},
		"-no-prefix -prefix=app -secret=/s":       {secrets, "s  true false false []"},
		"-prefix=app -upcase -sanitize":           {prefixes, "app  true true true"},
		"-service-query=web -service-query=db":    {services, "web     ; db     "},
		"-service-query=w -service-format-id=1 -service-format-name=2 -service-format-address=3 -service-format-tag=4 -service-format-port=5": {services, "w 1 2 3 4 5"},
		"-pristine":          {environment, "true true true [] [] [] 0"},
		"-vault-namespace=n": {func(c *config.Config) any { return c.Secrets.Vault.Namespace }, "n"},
		"-vault-k8s-auth-role-name=r -vault-k8s-service-account-token-path=/t -vault-k8s-service-mount-path=m": {func(c *config.Config) any { return *c.Secrets.Vault.Kubernetes }, config.VaultKubernetes{Role: "r", TokenFile: "/t", Mount: "m"}},
		"-vault-k8s-auth-role-name=r -vault-k8s-service-account-token=s":                                       {func(c *config.Config) any { return c.Secrets.Vault.Kubernetes.Token.Reveal() }, "s"},
		"-consul=c:1 -token=t -auth=u:p": {func(c *config.Config) any {
			s := c.Sources.Consul
			return s.Address + s.Token.Reveal() + s.Username + s.Password.Reveal()
		}, "c:1tup"},
		"-retry=7s":         {func(c *config.Config) any { return c.Sources.Consul.Retry.MaxBackoff + c.Secrets.Vault.Retry.Backoff }, 14 * time.Second},
		"-splay=1s":         {func(c *config.Config) any { return c.Process.Stop.Splay }, time.Second},
		"-timeout=1s":       {func(c *config.Config) any { return c.Process.Stop.Timeout }, 30 * time.Second},
		"-ssl":              {func(c *config.Config) any { return c.Sources.Consul.Address }, "https://127.0.0.1:8500"},
		"-ssl-verify=false": {func(c *config.Config) any { return c.Secrets.Vault.TLS.InsecureSkipVerify }, true},
		"-consul-addr=c:1":  {func(c *config.Config) any { return c.Sources.Consul.Address }, "c:1"},
		"-log-level=info":   {func(c *config.Config) any { return c.Log.Level }, "info"},
	} {
		l := must(t, "", append(strings.Fields(args), "x"), nil)
		if got := c.get(l.Config); got != c.want {
			t.Errorf("%s gives %#v, not %#v", args, got, c.want)
		}
	}
}

func TestCommandIsTheRestOfTheLineOrExec(t *testing.T) {
	for _, c := range []struct {
		text string
		args []string
		want string
	}{
		{"", []string{"env"}, "env"},
		{"", []string{"sh", "-c", "echo a"}, "sh|-c|sh -c echo a"},
		{"", []string{"-once", "--", "app", "-once"}, "sh|-c|app -once"},
		{"", []string{"-exec", "a b", "x"}, "sh|-c|a b"},
		{`exec { command = ["a", "b c"] }`, nil, "a|b c"},
		{`exec { command = ["a"] enabled = false }`, []string{"x"}, "x"},
	} {
		if got := strings.Join(must(t, c.text, c.args, nil).Config.Process.Command, "|"); got != c.want {
			t.Errorf("%v gives %s, not %s", c.args, got, c.want)
		}
	}
}

func TestOnceGivesUpAndDaemonNever(t *testing.T) {
	for arg, want := range map[string]int{"-once": 13, "-once=false": 0} {
		l := must(t, "", []string{arg, "x"}, nil)
		if got := l.Config.Secrets.Vault.Retry.Attempts; got != want || l.Once != (want > 0) {
			t.Errorf("%s: gives up after %d failures, not %d", arg, got, want)
		}
	}
}

func TestDefaultsAreEnvconsuls(t *testing.T) {
	l := must(t, "", []string{"x"}, []string{"CT_LOG=info"})
	got := fmt.Sprint(l.KillSignal, l.Config.Log.Level, l.Config.Sources.Consul.MaxStale, l.Config.Process.Stop, l.Config.PlainPaths)
	if want := "interruptinfo2s{INT 30s 0s}true"; strings.ReplaceAll(got, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("defaults are %s, not %s", got, want)
	}
	if l := must(t, "", []string{"x"}, []string{"ENVCONSUL=debug", "CT_LOG=info"}); l.Config.Log.Level != "info" {
		t.Errorf("the level is %s", l.Config.Log.Level)
	}
}

func TestMistakesHaveTheirMessageAndStatus(t *testing.T) {
	for _, c := range []struct {
		text, args string
		want       string
		status     int
	}{
		{"", "-prefx x", "unknown flag -prefx; did you mean -prefix?", exit.Usage},
		{"", "-service-format-id=x", `invalid value "x" for flag -service-format-id: has no service; write -service-query before it`, exit.Usage},
		{"", "", "there is no command to start; write it behind the flags, or give -exec", exit.Config},
		{`prefix { pth = "x" }`, "x", `c.hcl:1:10: prefix[0]: "pth" is not a known key; did you mean path?`, exit.Config},
		{`log_level = "loud"`, "x", `c.hcl:1:1: log_level: "loud" is not one of trace, debug, info, warn, err; write for example info`, exit.Config},
		{`prefix { path = "{{ env \"NO\" }}" }`, "x", `c.hcl:1:10: path: "{{ env \"NO\" }}" cannot be filled in: template: path:1:3: executing "path" at <env "NO">: error calling env: the variable NO is not set; write for example {{ env "NAME" }}, and set NAME`, exit.Failed},
		{`prefix { path = "a" format = "{{ kee }}" }`, "x", `c.hcl:1:1: env_prefix[0].format: "{{ kee }}" is not a template of a name; write for example APP_{{ key }}`, exit.Failed},
		{`secret { path = "a" key { name = "x" format = "{{" } }`, "x", `c.hcl:1:1: env_secret[0].keys[0].format: "{{" is not a template of a name; write for example APP_{{ key }}`, exit.Failed},
		{`secret { path = "a" key { format = "x" } }`, "x", `c.hcl:1:1: env_secret[0].keys[0]: has no name; add name, that of the field`, exit.Failed},
		{`service { format_id = "x" }`, "x", `c.hcl:1:1: env_service[0]: has no query; add query, the name of the service`, exit.Failed},
		{`service { query = "x" format_id = "{{ service }" }`, "x", `c.hcl:1:1: env_service[0].format_id: "{{ service }" is not a template of a name; write for example APP_{{ key }}`, exit.Failed},
	} {
		_, err := load(t, c.text, strings.Fields(c.args), nil)
		if err == nil {
			t.Errorf("%s %s: accepted", c.text, c.args)
			continue
		}
		message := err.Error()
		if i := strings.Index(message, "c.hcl"); i > 0 {
			message = message[i:]
		}
		if message != c.want || exit.Code(err) != c.status {
			t.Errorf("%s %s: %s (%d)\nnot %s", c.text, c.args, message, exit.Code(err), c.want)
		}
	}
}

func TestHelpNamesEveryFlag(t *testing.T) {
	var help bytes.Buffer
	envconsul.Usage(&help, "envconsul")
	for _, f := range envconsul.Flags() {
		if f.Help == "" || !strings.Contains(help.String(), "  -"+f.Name) {
			t.Errorf("-%s is not in the help", f.Name)
		}
	}
	for _, arg := range []string{"-h", "-v", "-version"} {
		inv, err := envconsul.Parse([]string{arg}, nil)
		if err != nil || inv.Help == inv.Version {
			t.Errorf("%s: %+v, %v", arg, inv, err)
		}
	}
}
