package consultemplate

import (
	"cmp"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"concierge/internal/config"
	"concierge/secrets"
)

// attempts is how often consul-template asks again before it gives up.
const attempts = 12

// endless stands for a delay without limit.
const endless = 10 * 365 * 24 * time.Hour

// retry translates how a store is asked again. Without a number of attempts it
// is asked for ever, unless everything is rendered once only.
func (t *Translator) retry(r Retry) config.Retry {
	out := config.Retry{Backoff: r.Backoff.V, MaxBackoff: r.MaxBackoff.V}
	if r.MaxBackoff.Given() && r.MaxBackoff.V == 0 {
		out.MaxBackoff = endless
	}
	// An attempt is a repetition: 12 of them are 13 failures in a row.
	switch {
	case !r.Enabled.Or(true):
		out.Attempts = 1
	case r.Attempts.Given() && r.Attempts.V > 0:
		out.Attempts = r.Attempts.V + 1
	case t.once && !r.Attempts.Given():
		out.Attempts = attempts + 1
	}
	return out
}

// enabled reports whether TLS is asked for. It is when anything is said of it.
func (s SSL) enabled() bool {
	said := s.Verify.Given()
	for _, v := range []string{s.Cert.V, s.Key.V, s.CACert.V, s.CACertBytes.V, s.CAPath.V, s.ServerName.V} {
		said = said || v != ""
	}
	return s.Enabled.Or(said)
}

// tls translates TLS settings. Of several ways to name authorities only the
// first counts, and a certificate without key is a file with both.
func (s SSL) tls() config.TLS {
	t := config.TLS{ServerName: s.ServerName.V, InsecureSkipVerify: !s.Verify.Or(true), CertFile: s.Cert.V}
	if t.CertFile != "" {
		t.KeyFile = cmp.Or(s.Key.V, s.Cert.V)
	}
	switch {
	case s.CACert.V != "":
		t.CAFile = s.CACert.V
	case s.CACertBytes.V != "":
		t.CAPEM = s.CACertBytes.V
	default:
		t.CADir = s.CAPath.V
	}
	return t
}

func (t Transport) limits() config.Transport {
	return config.Transport{
		DialTimeout: t.DialTimeout.V, DialKeepAlive: t.DialKeepAlive.V,
		TLSHandshakeTimeout: t.TLSHandshakeTimeout.V, IdleConnTimeout: t.IdleConnTimeout.V,
		MaxConnsPerHost: t.MaxConnsPerHost.V, MaxIdleConns: t.MaxIdleConns.V, MaxIdleConnsPerHost: t.MaxIdleConnsPerHost.V,
		DisableKeepAlives: t.DisableKeepAlives.V,
	}
}

// consul translates how Consul is reached. What is not given is taken from the
// variables of Consul's own tools, as its library does.
func (t *Translator) consul(c Consul) *config.Consul {
	out := &config.Consul{
		Address:   cmp.Or(c.Address.V, t.env["CONSUL_HTTP_ADDR"]),
		Namespace: cmp.Or(c.Namespace.V, t.env["CONSUL_NAMESPACE"]), Partition: t.env["CONSUL_PARTITION"],
		Retry: t.retry(c.Retry), Transport: c.Transport.limits(),
	}
	out.Token, out.TokenFile = t.consulToken(c)
	out.Username, out.Password = t.consulLogin(c.Auth)
	secure := c.SSL.enabled()
	if secure {
		out.TLS = c.SSL.tls()
	} else {
		secure, out.TLS = t.consulToolTLS()
	}
	if secure || out.TLS != (config.TLS{}) {
		out.Address = withScheme(cmp.Or(out.Address, "127.0.0.1:8500"), secure)
	}
	t.note("sources.consul.address", c.Address.At)
	t.note("sources.consul.token_file", c.TokenFile.At)
	t.noteTLS("sources.consul.tls", c.SSL)
	return out
}

// withScheme makes an address one of TLS, against which not even http://
// stands, or gives it the http:// without which concierge would take settings
// of TLS for a wish to speak it. In Consul's library they are none.
func withScheme(address string, secure bool) string {
	scheme, host, found := strings.Cut(address, "://")
	switch {
	case scheme == "unix" || found && !secure:
		return address
	case !found:
		host = address
	}
	if secure {
		return "https://" + host
	}
	return "http://" + host
}

// consulToken returns the token or the file with it. The variables of Consul's
// tools come last, and in each place the file goes before the token.
func (t *Translator) consulToken(c Consul) (token secrets.Text, file string) {
	toolToken, toolFile := t.env["CONSUL_HTTP_TOKEN"], t.env["CONSUL_HTTP_TOKEN_FILE"]
	switch {
	case c.TokenFile.V != "" && c.TokenFile.V != toolFile:
		return secrets.Text{}, c.TokenFile.V
	case !c.Token.V.Empty() && c.Token.V.Reveal() != toolToken:
		return c.Token.V, ""
	case toolFile != "":
		return secrets.Text{}, toolFile
	}
	return secrets.NewText(toolToken), ""
}

func (t *Translator) consulLogin(a Auth) (user string, password secrets.Text) {
	if a.Enabled.Or(a.Username.V != "" || !a.Password.V.Empty()) {
		return a.Username.V, a.Password.V
	}
	user, rest, _ := strings.Cut(t.env["CONSUL_HTTP_AUTH"], ":")
	return user, secrets.NewText(rest)
}

// consulToolTLS returns what the variables of Consul's tools say of TLS.
func (t *Translator) consulToolTLS() (secure bool, tls config.TLS) {
	secure, _ = strconv.ParseBool(t.env["CONSUL_HTTP_SSL"])
	verify, err := strconv.ParseBool(t.env["CONSUL_HTTP_SSL_VERIFY"])
	return secure, config.TLS{
		CAFile: t.env["CONSUL_CACERT"], CADir: t.env["CONSUL_CAPATH"], ServerName: t.env["CONSUL_TLS_SERVER_NAME"],
		CertFile: t.env["CONSUL_CLIENT_CERT"], KeyFile: t.env["CONSUL_CLIENT_KEY"],
		InsecureSkipVerify: err == nil && !verify,
	}
}

// vault translates how Vault is reached, and who concierge is to it. Vault's
// library lets VAULT_AGENT_ADDR go before every other address, and fills in
// what is empty.
func (t *Translator) vault(v Vault) *config.Vault {
	out := &config.Vault{
		Address:   cmp.Or(t.env["VAULT_AGENT_ADDR"], v.Address.V, t.env["VAULT_ADDR"]),
		Namespace: cmp.Or(v.Namespace.V, t.env["VAULT_NAMESPACE"]),
		Token:     t.vaultToken(v), TokenFile: v.AgentTokenFile.V,
		Refresh: v.DefaultLeaseDuration.V, LeaseThreshold: int(math.Round(v.LeaseRenewalThreshold.V * 100)),
		RenewToken: v.RenewToken.Ptr(), UnwrapToken: v.UnwrapToken.V, UserAgent: v.ClientUserAgent.V,
		Retry: t.retry(v.Retry), Transport: v.Transport.limits(),
	}
	if v.SSL.Enabled.Or(true) {
		out.TLS = v.SSL.tls()
	}
	if v.AgentTokenFile.Given() && out.RenewToken == nil {
		out.RenewToken = new(false) // whoever writes the file renews the token
	}
	if v.K8sAuthRoleName.V != "" && out.Token.Empty() && out.TokenFile == "" {
		out.Kubernetes = kubernetes(v)
	}
	at := v.Address.At
	if t.env["VAULT_AGENT_ADDR"] != "" {
		at = "VAULT_AGENT_ADDR"
	}
	t.note("secrets.vault.address", at)
	t.noteTLS("secrets.vault.tls", v.SSL)
	return out
}

// vaultToken returns the token, or the one that "vault login" left, or what
// Vault's library takes when there is none. A token file that is given goes
// before all of them; what stands there at first is up to the library.
func (t *Translator) vaultToken(v Vault) secrets.Text {
	last := secrets.NewText(t.env["VAULT_TOKEN"])
	home := t.env["HOME"]
	switch {
	case v.AgentTokenFile.Given():
		return last
	case !v.Token.V.Empty():
		return v.Token.V
	case home == "":
		return last
	}
	text, err := os.ReadFile(filepath.Join(home, ".vault-token"))
	if token := strings.TrimSpace(string(text)); err == nil && token != "" {
		return secrets.NewText(token)
	}
	return last
}

func kubernetes(v Vault) *config.VaultKubernetes {
	k := &config.VaultKubernetes{Role: v.K8sAuthRoleName.V, Token: v.K8sServiceAccountToken.V, Mount: v.K8sServiceMountPath.V}
	if k.Token.Empty() {
		k.TokenFile = v.K8sServiceAccountTokenPath.V
	}
	return k
}
