package consul

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"
)

const (
	// maxConnections leaves other programs of this host their share of the 200
	// connections that a Consul agent grants one client address by default
	// (limits.http_max_conns_per_client).
	maxConnections = 128

	// unset stands for an option that nobody gave. The API library fills every
	// empty one from the environment, which would let CONSUL_HTTP_TOKEN or
	// CONSUL_NAMESPACE pass by concierge's own precedence of settings; so none
	// is left empty, and wire takes the marks out of each request again.
	unset = "\x00unset"
)

// connect builds the client. It does not talk to the server.
func connect(cfg Config) (*api.KV, *http.Client, error) {
	at, err := parseAddress(cfg.Address, cfg.TLS.Enabled())
	if err != nil {
		return nil, nil, err
	}
	tlsConfig, err := cfg.TLS.ClientConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("setting up TLS for consul: %w; see sources.consul.tls", err)
	}
	client := &http.Client{Transport: &wire{newTransport(at, tlsConfig)}}
	c, err := api.NewClient(&api.Config{
		Address:    at.host,
		Scheme:     at.scheme,
		PathPrefix: at.prefix,
		HttpClient: client,
		Token:      unset,
		Namespace:  unset,
		Partition:  unset,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("setting up the consul client: %w", err)
	}
	return c.KV(), client, nil
}

// newTransport bounds everything but the length of a poll. Keep-alive probes
// notice a peer that vanished without a word after about 30 s.
func newTransport(at address, tlsConfig *tls.Config) *http.Transport {
	dialer := &net.Dialer{
		Timeout:         5 * time.Second,
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
	}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: pollWait + pollWait/16 + 15*time.Second, // Consul adds up to a 16th
		MaxConnsPerHost:       maxConnections,
		MaxIdleConnsPerHost:   maxConnections,
		IdleConnTimeout:       90 * time.Second,
	}
	if at.socket != "" {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", at.socket)
		}
	}
	return t
}

// wire takes the marks of unset options off each request.
type wire struct{ *http.Transport }

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if req.Header.Get("X-Consul-Token") == unset {
		req.Header.Del("X-Consul-Token")
	}
	params := req.URL.Query()
	for _, name := range [...]string{"ns", "partition"} {
		if params.Get(name) == unset {
			params.Del(name)
		}
	}
	req.URL.RawQuery = params.Encode()
	return w.Transport.RoundTrip(req)
}

// address is a Consul address taken apart.
type address struct {
	scheme, host, prefix string
	socket               string // path of a unix socket
}

// parseAddress reads the forms that Consul's own tools accept. Without a
// scheme, TLS settings mean https.
func parseAddress(s string, encrypted bool) (address, error) {
	scheme, rest, found := strings.Cut(s, "://")
	if !found {
		scheme, rest = "http", s
		if encrypted {
			scheme = "https"
		}
	}
	var a address
	switch scheme {
	case "http", "https":
		host, prefix, _ := strings.Cut(rest, "/")
		a = address{scheme: scheme, host: host}
		if prefix = strings.Trim(prefix, "/"); prefix != "" {
			a.prefix = "/" + prefix
		}
	case "unix":
		a = address{scheme: "http", host: "localhost", socket: rest}
	}
	if a.host == "" || (scheme == "unix" && a.socket == "") || strings.ContainsAny(a.host, " @?#") {
		return address{}, fmt.Errorf("consul address %q is not host:port, http(s)://host:port or unix:///path; "+
			"set sources.consul.address or CONSUL_HTTP_ADDR", s)
	}
	return a, nil
}
