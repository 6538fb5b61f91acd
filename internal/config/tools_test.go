package config_test

import (
	"strings"
	"testing"

	"concierge/internal/config"
)

func TestUsualVariablesAloneConfigureConsul(t *testing.T) {
	dir := project(t, "ca", "", "cert", "", "key", "")
	c := load(t, config.Options{Environ: []string{
		"CONSUL_HTTP_ADDR=consul:8501", "CONSUL_HTTP_SSL=true", "CONSUL_HTTP_SSL_VERIFY=0", "CONSUL_HTTP_TOKEN=tok", "CONSUL_HTTP_TOKEN_FILE=/file",
		"CONSUL_CACERT=" + dir + "/ca", "CONSUL_CLIENT_CERT=" + dir + "/cert", "CONSUL_CLIENT_KEY=" + dir + "/key", "CONSUL_TLS_SERVER_NAME=sn", "CONSUL_NAMESPACE=ns", "CONSUL_PARTITION=part",
	}})
	want := config.Consul{
		Address: "https://consul:8501", Namespace: "ns", Partition: "part",
		TLS: config.TLS{CAFile: dir + "/ca", CertFile: dir + "/cert", KeyFile: dir + "/key", ServerName: "sn", InsecureSkipVerify: true},
	}
	got := *c.Sources.Consul
	if got.Token.Reveal() != "tok" {
		t.Errorf("token %q", got.Token.Reveal())
	}
	got.Token, got.QueryWait, got.Retry, got.Transport = want.Token, want.QueryWait, want.Retry, want.Transport // defaults
	got.MaxRequests = want.MaxRequests
	if got != want || c.Sources.Default != "consul" || c.Sources.File != nil {
		t.Errorf("consul %+v\nwant   %+v\ndefault %s", got, want, c.Sources.Default)
	}
}

func TestUsualVariablesConfigureEtcd(t *testing.T) {
	dir := project(t, "ca", "", "cert", "", "key", "")
	c := load(t, config.Options{Environ: []string{
		"ETCDCTL_ENDPOINTS=a:1,b:2", "ETCDCTL_USER=root:pa:ss", "ETCDCTL_CACERT=" + dir + "/ca", "ETCDCTL_CERT=" + dir + "/cert", "ETCDCTL_KEY=" + dir + "/key", "ETCDCTL_INSECURE_SKIP_TLS_VERIFY=1",
	}})
	e := c.Sources.Etcd
	if len(e.Endpoints) != 2 || e.Username != "root" || e.Password.Reveal() != "pa:ss" ||
		e.TLS != (config.TLS{CAFile: dir + "/ca", CertFile: dir + "/cert", KeyFile: dir + "/key", InsecureSkipVerify: true}) {
		t.Errorf("etcd %+v", e)
	}
	c = load(t, config.Options{Environ: []string{"ETCDCTL_ENDPOINTS=a:1", "ETCDCTL_USER=root", "ETCDCTL_PASSWORD=pw"}})
	if e := c.Sources.Etcd; e.Username != "root" || e.Password.Reveal() != "pw" {
		t.Errorf("etcd %+v", e)
	}
}

func TestUsualVariablesAddNoSecondSource(t *testing.T) {
	c := load(t, config.Options{Environ: []string{
		"CONCIERGE_CONFIG_INLINE=sources: {consul: {namespace: own, token_file: /own}}",
		"CONSUL_HTTP_ADDR=consul:1", "CONSUL_NAMESPACE=foreign", "CONSUL_HTTP_TOKEN=foreign", "ETCDCTL_ENDPOINTS=etcd:1",
	}})
	s := c.Sources
	if s.Etcd != nil || s.Default != "consul" {
		t.Errorf("etcd %+v, default %s", s.Etcd, s.Default)
	}
	if s.Consul.Address != "consul:1" || s.Consul.Namespace != "own" || !s.Consul.Token.Empty() || s.Consul.TokenFile != "/own" {
		t.Errorf("consul %+v; unset fields alone are filled in", s.Consul)
	}
}

func TestPasswordOfAnotherEtcdUserIsNotTaken(t *testing.T) {
	c := load(t, config.Options{Environ: []string{"CONCIERGE_ETCD_USERNAME=app", "CONCIERGE_ETCD_PASSWORD=own", "ETCDCTL_USER=root:secret"}})
	if e := c.Sources.Etcd; e.Username != "app" || e.Password.Reveal() != "own" {
		t.Errorf("user %s, password %q", e.Username, e.Password.Reveal())
	}
	_, err := config.Load(config.Options{Environ: []string{"CONCIERGE_ETCD_USERNAME=app", "ETCDCTL_USER=root:secret"}})
	if err == nil || !strings.Contains(err.Error(), "is a user without a password") {
		t.Errorf("user app has the password of root: %v", err)
	}
}

func TestUsualVariablesConfigureVault(t *testing.T) {
	home := project(t, ".vault-token", "from-file", "ca", "", "c", "", "k", "")
	environ := []string{"VAULT_ADDR=http://v", "VAULT_TOKEN=tok", "VAULT_NAMESPACE=ns", "VAULT_CACERT=" + home + "/ca", "VAULT_CLIENT_CERT=" + home + "/c",
		"VAULT_CLIENT_KEY=" + home + "/k", "VAULT_TLS_SERVER_NAME=sn", "VAULT_SKIP_VERIFY=true", "HOME=" + home}
	v := load(t, config.Options{Environ: environ}).Secrets.Vault
	if v.Address != "http://v" || v.Token.Reveal() != "tok" || v.TokenFile != "" || v.Namespace != "ns" ||
		v.TLS != (config.TLS{CAFile: home + "/ca", CertFile: home + "/c", KeyFile: home + "/k", ServerName: "sn", InsecureSkipVerify: true}) {
		t.Errorf("vault %+v", v)
	}
	v = load(t, config.Options{Environ: []string{"VAULT_ADDR=http://v", "HOME=" + home}}).Secrets.Vault
	if !v.Token.Empty() || v.TokenFile != home+"/.vault-token" {
		t.Errorf("token file %q, want the one of the home directory", v.TokenFile)
	}
	if c := load(t, config.Options{Environ: []string{"VAULT_TOKEN=tok", "HOME=" + home}}); c.Secrets.Vault != nil {
		t.Error("a token alone configured Vault")
	}
}

func TestUnclearTruthValuesOfConsulAreErrors(t *testing.T) {
	for _, name := range []string{"CONSUL_HTTP_SSL", "CONSUL_HTTP_SSL_VERIFY"} {
		_, err := config.Load(config.Options{Environ: []string{"CONSUL_HTTP_ADDR=c:1", name + "=banana"}})
		if err == nil || !strings.HasPrefix(err.Error(), name+": ") || !strings.Contains(err.Error(), `"banana" is neither true nor false`) {
			t.Errorf("%s: %v", name, err)
		}
		load(t, config.Options{Environ: []string{name + "=banana"}}) // without Consul it is nobody's
	}
}
