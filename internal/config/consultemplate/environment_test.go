package consultemplate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/config"
	"concierge/internal/config/consultemplate"
)

func TestVariablesAreDefaults(t *testing.T) {
	pem := write(t, "x.pem", "")
	for _, c := range []struct {
		environ string
		get     seen
		want    any
	}{
		{"CONSUL_HTTP_ADDR=c:1", consul(func(c *config.Consul) any { return c.Address }), "c:1"},
		{"CONSUL_NAMESPACE=n", consul(func(c *config.Consul) any { return c.Namespace }), "n"},
		{"CONSUL_PARTITION=p", consul(func(c *config.Consul) any { return c.Partition }), "p"},
		{"CONSUL_HTTP_TOKEN=t", consul(func(c *config.Consul) any { return c.Token.Reveal() }), "t"},
		{"CONSUL_HTTP_TOKEN=t CONSUL_TOKEN=s", consul(func(c *config.Consul) any { return c.Token.Reveal() }), "s"},
		{"CONSUL_HTTP_TOKEN_FILE=/t", consul(func(c *config.Consul) any { return c.TokenFile }), "/t"},
		{"CONSUL_HTTP_TOKEN_FILE=/t CONSUL_TOKEN_FILE=/s", consul(func(c *config.Consul) any { return c.TokenFile }), "/s"},
		{"CONSUL_HTTP_AUTH=u:p", consul(func(c *config.Consul) any { return c.Username + c.Password.Reveal() }), "up"},
		{"CONSUL_HTTP_SSL=true CONSUL_HTTP_ADDR=c:1", consul(func(c *config.Consul) any { return c.Address }), "https://c:1"},
		{"CONSUL_HTTP_SSL=1", consul(func(c *config.Consul) any { return c.Address }), "https://127.0.0.1:8500"},
		{"CONSUL_HTTP_SSL_VERIFY=false", consul(func(c *config.Consul) any { return c.TLS.InsecureSkipVerify }), true},
		{"CONSUL_CACERT=" + pem + " CONSUL_CLIENT_CERT=" + pem + " CONSUL_CLIENT_KEY=" + pem + " CONSUL_CAPATH=d CONSUL_TLS_SERVER_NAME=n",
			consul(func(c *config.Consul) any { return c.TLS }), config.TLS{CAFile: pem, CADir: "d", CertFile: pem, KeyFile: pem, ServerName: "n"}},
		{"CONSUL_HTTP_SSL_VERIFY=false CONSUL_HTTP_ADDR=c:1", consul(func(c *config.Consul) any { return c.Address }), "http://c:1"},
		{"CONSUL_HTTP_SSL_VERIFY=false CONSUL_HTTP_ADDR=https://c:1", consul(func(c *config.Consul) any { return c.Address }), "https://c:1"},
		{"CONSUL_HTTP_SSL_VERIFY=false CONSUL_HTTP_ADDR=unix:///s", consul(func(c *config.Consul) any { return c.Address }), "unix:///s"},
		{"CONSUL_TLS_SERVER_NAME=n", consul(func(c *config.Consul) any { return c.Address }), "http://127.0.0.1:8500"},
		{"CONSUL_HTTP_TOKEN_FILE=/t CONSUL_TOKEN=s", consul(func(c *config.Consul) any { return c.TokenFile + c.Token.Reveal() }), "s"},
		{"CONSUL_HTTP_TOKEN_FILE=/t CONSUL_HTTP_TOKEN=s", consul(func(c *config.Consul) any { return c.TokenFile + c.Token.Reveal() }), "/t"},
		{"VAULT_AGENT_ADDR=http://a:1 VAULT_ADDR=http://v:1", vault(func(v *config.Vault) any { return v.Address }), "http://a:1"},
		{"VAULT_ADDR=http://v:1", vault(func(v *config.Vault) any { return v.Address }), "http://v:1"},
		{"VAULT_NAMESPACE=n", vault(func(v *config.Vault) any { return v.Namespace }), "n"},
		{"VAULT_TOKEN=t", vault(func(v *config.Vault) any { return v.Token.Reveal() }), "t"},
		{"VAULT_RENEW_TOKEN=false", vault(func(v *config.Vault) any { return *v.RenewToken }), false},
		{"VAULT_RENEW_TOKEN=perhaps", vault(func(v *config.Vault) any { return *v.RenewToken }), true},
		{"VAULT_UNWRAP_TOKEN=1", vault(func(v *config.Vault) any { return v.UnwrapToken }), true},
		{"VAULT_SKIP_VERIFY=1", vault(func(v *config.Vault) any { return v.TLS.InsecureSkipVerify }), true},
		{"VAULT_CACERT=" + pem + " VAULT_CLIENT_CERT=" + pem + " VAULT_CLIENT_KEY=" + pem + " VAULT_TLS_SERVER_NAME=n",
			vault(func(v *config.Vault) any { return v.TLS }), config.TLS{CAFile: pem, CertFile: pem, KeyFile: pem, ServerName: "n"}},
		{"VAULT_CACERT_BYTES=b", vault(func(v *config.Vault) any { return v.TLS.CAPEM }), "b"},
		{"VAULT_CAPATH=d", vault(func(v *config.Vault) any { return v.TLS.CADir }), "d"},
		{"VAULT_K8S_AUTH_ROLE_NAME=r VAULT_K8S_SERVICE_ACCOUNT_TOKEN_PATH=/t VAULT_K8S_SERVICE_MOUNT_PATH=m",
			vault(func(v *config.Vault) any { return *v.Kubernetes }), config.VaultKubernetes{Role: "r", TokenFile: "/t", Mount: "m"}},
		{"VAULT_K8S_AUTH_ROLE_NAME=r VAULT_K8S_SERVICE_ACCOUNT_TOKEN=s", vault(func(v *config.Vault) any { return v.Kubernetes.Token.Reveal() }), "s"},
		{"CT_LOG=info CONSUL_TEMPLATE_LOG=err", whole(func(c *config.Config) any { return c.Log.Level }), "info"},
		{"CONSUL_TEMPLATE_LOG=err CONSUL_TEMPLATE_LOG_LEVEL=info", whole(func(c *config.Config) any { return c.Log.Level }), "error"},
		{"CONSUL_TEMPLATE_LOG_LEVEL=debug", whole(func(c *config.Config) any { return c.Log.Level }), "debug"},
	} {
		if got := c.get(load(t, "", nil, strings.Fields(c.environ))); got != c.want {
			t.Errorf("%s gives %#v, not %#v", c.environ, got, c.want)
		}
	}
}

func TestTokenOfVaultLoginIsTheLastResort(t *testing.T) {
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".vault-token"), []byte("from-home\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, environ, want string }{
		{``, "", "from-home"},
		{`vault { token = "" }`, "", "from-home"},
		{`vault { token = "t" }`, "", "t"},
		{``, "VAULT_TOKEN=e", "e"},
		{`vault { token = "t" }`, "VAULT_TOKEN=e", "t"},
		{`vault { token = "" }`, "VAULT_TOKEN=e", "from-home"},
		{`vault { vault_agent_token_file = "/f" }`, "VAULT_TOKEN=e", "e/f"},
		{`vault { vault_agent_token_file = "/f" token = "t" }`, "", "/f"},
		{`vault { vault_agent_token_file = "" token = "t" }`, "VAULT_TOKEN=e", "e"},
	} {
		v := load(t, c.text, nil, []string{"HOME=" + home, c.environ}).Config.Secrets.Vault
		if got := v.Token.Reveal() + v.TokenFile; got != c.want {
			t.Errorf("%s with %s: the token is %s, not %s", c.text, c.environ, got, c.want)
		}
	}
}

func TestEmptySettingsDoNotHideTheVariables(t *testing.T) {
	environ := []string{
		"CONSUL_HTTP_ADDR=c:1", "CONSUL_NAMESPACE=cn", "CONSUL_HTTP_TOKEN=ct",
		"VAULT_ADDR=http://v:1", "VAULT_NAMESPACE=vn", "VAULT_TOKEN=vt",
	}
	empty := `consul { address = "" namespace = "" token = "" token_file = "" } vault { address = "" namespace = "" token = "" }`
	for _, c := range []struct {
		text string
		args []string
	}{{empty, nil}, {"", []string{"-consul-addr=", "-consul-token=", "-consul-token-file=", "-vault-addr=", "-vault-token="}}} {
		cfg := load(t, c.text, c.args, environ).Config
		k, v := cfg.Sources.Consul, cfg.Secrets.Vault
		got := []string{k.Address, k.Namespace, k.Token.Reveal(), v.Address, v.Namespace, v.Token.Reveal()}
		if want := "c:1 cn ct http://v:1 vn vt"; strings.Join(got, " ") != want {
			t.Errorf("%s %v gives %v, not %s", c.text, c.args, got, want)
		}
	}
}

func TestVaultTLSIsSwitchedOffByFlagOnly(t *testing.T) {
	const text = `vault { ssl { enabled = false verify = false } }`
	for _, c := range []struct {
		args, environ []string
		skips, warned bool
	}{
		{nil, nil, true, true},
		{[]string{"-vault-ssl=false"}, nil, false, true},
		{nil, []string{"CT_LOCAL_CONFIG=" + text}, false, true},
	} {
		l := load(t, text, c.args, c.environ)
		skips, warned := l.Config.Secrets.Vault.TLS.InsecureSkipVerify, strings.Contains(strings.Join(l.Warnings, "\n"), "-vault-ssl=false")
		if skips != c.skips || warned != c.warned {
			t.Errorf("%v %v: verification is skipped: %v, warned: %v", c.args, c.environ, skips, warned)
		}
	}
}

func TestVaultAgentAddressGoesBeforeAllOthers(t *testing.T) {
	got := load(t, `vault { address = "http://f:1" }`, []string{"-vault-addr=http://l:1"}, []string{"VAULT_AGENT_ADDR=http://a:1"})
	if address := got.Config.Secrets.Vault.Address; address != "http://a:1" {
		t.Errorf("the address is %s", address)
	}
}

func TestLaterPlacesWin(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"1.hcl": `pid_file = "one" log_level = "info" consul { address = "one:1" token = "t" } exec { env { custom = ["A=1"] } }` + template("backup = true"),
		"2.hcl": `pid_file = "two" consul { address = "two:1" } exec { command = ["two"] env { custom = ["A=2"] } }` + template(""),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	inline := `CT_LOCAL_CONFIG=pid_file = "three" consul { address = "three:1" } once = true ` + template("")
	for _, c := range []struct {
		args    []string
		environ []string
		want    string
	}{
		{nil, []string{"CONSUL_HTTP_ADDR=env:1"}, " env:1  0"},
		{[]string{"-config", "1.hcl"}, []string{"CONSUL_HTTP_ADDR=env:1"}, "one one:1 t 1"},
		{[]string{"-config", "1.hcl", "-config=2.hcl"}, nil, "two two:1 t 2"},
		{[]string{"-config", "2.hcl", "-config=1.hcl"}, nil, "one one:1 t 2"},
		{[]string{"-config", "."}, nil, "two two:1 t 2"},
		{[]string{"-config", "."}, []string{inline}, "three three:1 t 3"},
		{[]string{"-pid-file=four", "-config", ".", "-template", "x:y"}, []string{inline}, "four three:1 t 4"},
	} {
		t.Run(fmt.Sprint(c.args), func(t *testing.T) {
			t.Chdir(dir)
			if err := os.WriteFile("x", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			defer os.Remove("x")
			inv, err := consultemplate.Parse(c.args, c.environ)
			if err != nil {
				t.Fatal(err)
			}
			l, err := inv.Load()
			if err != nil {
				t.Fatal(err)
			}
			got := fmt.Sprint(l.Config.PIDFile, " ", l.Config.Sources.Consul.Address, " ", l.Config.Sources.Consul.Token.Reveal(), " ", len(l.Config.Templates))
			if got != c.want {
				t.Errorf("got %q, not %q", got, c.want)
			}
		})
	}
}

func TestFlagsForTemplatesGoBeforeWhatTemplatesSay(t *testing.T) {
	for _, c := range []struct {
		args, environ []string
	}{
		{[]string{"-template-error-fatal=false"}, nil},
		{nil, []string{"CT_LOCAL_CONFIG=template_error_fatal = false"}},
	} {
		l := load(t, template("error_fatal = true"), c.args, c.environ)
		if got := l.Config.Templates[0].OnError; got != "keep" {
			t.Errorf("%v: on_error is %s", c, got)
		}
	}
}

func TestFlagsBeatOnceOfAFile(t *testing.T) {
	if load(t, "once = true", []string{"-once=false"}, nil).Once {
		t.Error("once of the file won")
	}
}

func TestLoadingAgainReadsTheFilesAgain(t *testing.T) {
	path := write(t, "c.hcl", `pid_file = "one"`+template("function_denylist = [\"a\"]"))
	inv, err := consultemplate.Parse([]string{"-config", path, "-exec-env-custom", "A=1", "-exec=x", "-template-error-fatal"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one", "two"} {
		l, err := inv.Load()
		if err != nil || l.Config.PIDFile != want || len(l.Config.Templates) != 1 || len(l.Config.Process.Environment.Set) != 1 {
			t.Errorf("loaded %+v, %v", l, err)
		}
		if err := os.WriteFile(path, []byte(`pid_file = "two"`+template("")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
