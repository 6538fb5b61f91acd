package vault

import (
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/vault/api"
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
	client := &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment,
			DialContext: (&net.Dialer{
				Timeout:         5 * time.Second,
				KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
			}).DialContext,
			TLSClientConfig:     tlsConfig,
			TLSHandshakeTimeout: 10 * time.Second,
			ForceAttemptHTTP2:   true,
			MaxConnsPerHost:     parallel,
			MaxIdleConnsPerHost: parallel,
			IdleConnTimeout:     90 * time.Second,
		},
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
	isolate(c, cfg.Namespace)
	return c, client, nil
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
