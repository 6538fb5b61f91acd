package consul

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/hashicorp/consul/api"

	"concierge/secrets"
)

// Access is a client of the same Consul for others than this source, without its
// budget and meter.
type Access struct {
	Client *api.Client
	// Token is the ACL token as it is now.
	Token func() (string, error)
	// Close closes the connections that are kept.
	Close func()
}

// Dial makes it. It does not talk to the server.
func Dial(cfg Config) (Access, error) {
	at, err := parseAddress(cfg.Address, cfg.TLS.Enabled())
	if err != nil {
		return Access{}, err
	}
	tlsConfig, err := cfg.TLS.ClientConfig()
	if err != nil {
		return Access{}, fmt.Errorf("setting up TLS for consul: %w; see sources.consul.tls", err)
	}
	cfg.QueryWait = cmp.Or(cfg.QueryWait, defaultWait)
	plain := &bare{newTransport(at, tlsConfig, cfg.Transport, cfg.QueryWait), cfg.Username, cfg.Password}
	client, err := newClient(at, &http.Client{Transport: plain})
	if err != nil {
		return Access{}, err
	}
	token := secrets.NewCredential(cfg.Token, cfg.TokenFile)
	return Access{
		Client: client,
		Token: func() (string, error) {
			text, err := token.Current()
			return text.Reveal(), err
		},
		Close: plain.CloseIdleConnections,
	}, nil
}

// bare is a transport that only takes the marks of unset options off requests.
type bare struct {
	*http.Transport
	username string
	password secrets.Text
}

// RoundTrip implements [http.RoundTripper].
func (b *bare) RoundTrip(req *http.Request) (*http.Response, error) {
	return b.Transport.RoundTrip(unmark(req, b.username, b.password))
}

// unmark takes the marks of unset options off a copy of a request, and shows who
// asks.
func unmark(req *http.Request, username string, password secrets.Text) *http.Request {
	req = req.Clone(req.Context())
	if token := req.Header.Get("X-Consul-Token"); token == unset || token == "" {
		req.Header.Del("X-Consul-Token")
	}
	req.Header.Del("Authorization")
	if username != "" {
		req.SetBasicAuth(username, password.Reveal())
	}
	params := req.URL.Query()
	for _, name := range [...]string{"ns", "partition"} {
		if params.Get(name) == unset {
			params.Del(name)
		}
	}
	req.URL.RawQuery = params.Encode()
	return req
}

// newClient makes the library's client over a transport.
func newClient(at address, over *http.Client) (*api.Client, error) {
	client, err := api.NewClient(&api.Config{
		Address:    at.host,
		Scheme:     at.scheme,
		PathPrefix: at.prefix,
		HttpClient: over,
		HttpAuth:   &api.HttpBasicAuth{Username: unset},
		Token:      unset,
		Namespace:  unset,
		Partition:  unset,
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the consul client: %w", err)
	}
	return client, nil
}
