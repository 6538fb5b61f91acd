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
// variables of Consul's own tools, as its library does. A token file goes
// before a token.
func (t *Translator) consul(c Consul) *config.Consul {
	out := &config.Consul{
		Address: cmp.Or(c.Address.V, t.env["CONSUL_HTTP_ADDR"]), Namespace: c.Namespace.V, Partition: t.env["CONSUL_PARTITION"],
		Token: c.Token.V, TokenFile: c.TokenFile.V, Retry: t.retry(c.Retry), Transport: c.Transport.limits(),
	}
	if out.TokenFile != "" {
		out.Token = secrets.Text{}
	}
	out.Username, out.Password = t.consulLogin(c.Auth)
	secure := c.SSL.enabled()
	if secure {
		out.TLS = c.SSL.tls()
	} else {
		secure, out.TLS = t.consulToolTLS()
	}
	if out.Address != "" {
		out.Address = withScheme(out.Address, secure)
	} else if secure {
		out.Address = "https://127.0.0.1:8500"
	}
	t.note("sources.consul.address", c.Address.At)
	t.note("sources.consul.token_file", c.TokenFile.At)
	t.noteTLS("sources.consul.tls", c.SSL)
	return out
}

// withScheme makes an address one of TLS: not even http:// stands against it.
func withScheme(address string, secure bool) string {
	if !secure || strings.HasPrefix(address, "unix://") {
		return address
	}
	_, host, found := strings.Cut(address, "://")
	if !found {
		host = address
	}
	return "https://" + host
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

// vault translates how Vault is reached, and who concierge is to it.
func (t *Translator) vault(v Vault) *config.Vault {
	out := &config.Vault{
		Address: v.Address.V, Namespace: v.Namespace.V, TokenFile: v.AgentTokenFile.V,
		Refresh: v.DefaultLeaseDuration.V, LeaseThreshold: int(math.Round(v.LeaseRenewalThreshold.V * 100)),
		RenewToken: v.RenewToken.Ptr(), UnwrapToken: v.UnwrapToken.V, UserAgent: v.ClientUserAgent.V,
		Retry: t.retry(v.Retry), Transport: v.Transport.limits(),
	}
	if v.SSL.Enabled.Or(true) {
		out.TLS = v.SSL.tls()
	}
	switch {
	case out.TokenFile == "":
		out.Token = t.vaultToken(v)
	case out.RenewToken == nil:
		out.RenewToken = new(false) // whoever writes the file renews the token
	}
	if v.K8sAuthRoleName.V != "" && out.Token.Empty() && out.TokenFile == "" {
		out.Kubernetes = kubernetes(v)
	}
	t.note("secrets.vault.address", v.Address.At)
	t.noteTLS("secrets.vault.tls", v.SSL)
	return out
}

// vaultToken returns the token, or the one that "vault login" left.
func (t *Translator) vaultToken(v Vault) secrets.Text {
	if home := t.env["HOME"]; v.Token.V.Empty() && home != "" {
		text, err := os.ReadFile(filepath.Join(home, ".vault-token"))
		if err == nil {
			return secrets.NewText(strings.TrimSpace(string(text)))
		}
	}
	return v.Token.V
}

func kubernetes(v Vault) *config.VaultKubernetes {
	k := &config.VaultKubernetes{Role: v.K8sAuthRoleName.V, Token: v.K8sServiceAccountToken.V, Mount: v.K8sServiceMountPath.V}
	if k.Token.Empty() {
		k.TokenFile = v.K8sServiceAccountTokenPath.V
	}
	return k
}
