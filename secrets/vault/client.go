package vault

import (
	"cmp"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/sources"
)

// connect builds the client. It does not talk to the server.
func connect(cfg Config) (*api.Client, *http.Client, error) {
	if err := checkAddress(cfg.Address); err != nil {
		return nil, nil, err
	}
	tlsConfig, err := cfg.TLS.ClientConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("setting up TLS for vault: %w; see secrets.vault.tls", err)
	}
	transport := transportOf(cfg.Transport, tlsConfig)
	client := &http.Client{
		Transport: transport,
		// The API library follows redirects itself, and only safe ones.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c, err := api.NewClient(&api.Config{
		Address:    cfg.Address,
		HttpClient: client,
		Timeout:    requestTimeout,
		MaxRetries: 0, // the watcher retries, and tells about it
	})
	if err != nil {
		return nil, nil, fmt.Errorf("setting up the vault client: %w; check secrets.vault and the VAULT_… environment variables", err)
	}
	client.Transport = &paced{transport, cfg.Budget, cfg.meter()} // now, since the library knows plain transports only
	isolate(c, cfg.Namespace)
	if cfg.UserAgent != "" {
		c.AddHeader("User-Agent", cfg.UserAgent)
	}
	return c, client, nil
}

// paced has each request wait for its turn, and told to the meter.
type paced struct {
	*http.Transport
	budget *sources.Budget
	meter  Meter
}

func (p *paced) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := p.budget.Wait(req.Context()); err != nil {
		if req.Body != nil {
			_ = req.Body.Close() // as a round trip must; nothing was sent
		}
		return nil, err
	}
	return sources.RoundTrip(p.Transport, req, p.meter, opOf(req))
}

// transportOf applies the limits that are set.
func transportOf(t sources.Transport, tlsConfig *tls.Config) *http.Transport {
	probe := cmp.Or(t.DialKeepAlive, 15*time.Second)
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{
			Timeout:         cmp.Or(t.DialTimeout, 5*time.Second),
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: probe, Interval: min(probe, 5*time.Second), Count: 3},
		}).DialContext,
		TLSClientConfig:     tlsConfig,
		TLSHandshakeTimeout: cmp.Or(t.TLSHandshakeTimeout, 10*time.Second),
		ForceAttemptHTTP2:   true,
		MaxConnsPerHost:     cmp.Or(t.MaxConnsPerHost, parallel),
		MaxIdleConns:        t.MaxIdleConns,
		MaxIdleConnsPerHost: cmp.Or(t.MaxIdleConnsPerHost, parallel),
		IdleConnTimeout:     cmp.Or(t.IdleConnTimeout, 90*time.Second),
		DisableKeepAlives:   t.DisableKeepAlives,
	}
}

// isolate undoes what the library took from the environment (token, headers,
// namespace, response wrapping), so that concierge's own precedence of settings
// holds.
func isolate(c *api.Client, namespace string) {
	c.ClearToken()
	c.SetHeaders(http.Header{api.RequestHeaderName: {"true"}})
	if namespace != "" {
		c.SetNamespace(namespace)
	}
	c.SetWrappingLookupFunc(func(string, string) string { return "" })
}

func checkAddress(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil:
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return nil
	case u.Scheme == "unix" && strings.TrimPrefix(s, "unix://") != "":
		return nil
	}
	return fmt.Errorf("vault address %q is not http(s)://host:port or unix:///path; set secrets.vault.address or VAULT_ADDR", s)
}
