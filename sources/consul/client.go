package consul

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/secrets"
	"concierge/sources"
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
func connect(cfg Config) (*api.Client, *http.Client, error) {
	at, err := parseAddress(cfg.Address, cfg.TLS.Enabled())
	if err != nil {
		return nil, nil, err
	}
	tlsConfig, err := cfg.TLS.ClientConfig()
	if err != nil {
		return nil, nil, fmt.Errorf("setting up TLS for consul: %w; see sources.consul.tls", err)
	}
	client := &http.Client{Transport: &wire{
		Transport: newTransport(at, tlsConfig, cfg.Transport, cfg.QueryWait),
		budget:    cfg.Budget,
		meter:     cfg.Meter,
		username:  cfg.Username,
		password:  cfg.Password,
	}}
	c, err := newClient(at, client)
	if err != nil {
		return nil, nil, err
	}
	return c, client, nil
}

// newTransport bounds everything but the length of a poll. Keep-alive probes
// notice a peer that vanished without a word after about twice their interval.
func newTransport(at address, tlsConfig *tls.Config, limits sources.Transport, wait time.Duration) *http.Transport {
	probes := cmp.Or(limits.DialKeepAlive, 15*time.Second)
	dialer := &net.Dialer{
		Timeout:         cmp.Or(limits.DialTimeout, 5*time.Second),
		KeepAliveConfig: net.KeepAliveConfig{Enable: probes > 0, Idle: probes, Interval: max(probes/3, time.Second), Count: 3},
	}
	t := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       tlsConfig,
		TLSHandshakeTimeout:   cmp.Or(limits.TLSHandshakeTimeout, 10*time.Second),
		ResponseHeaderTimeout: wait + wait/16 + 15*time.Second, // Consul adds up to a 16th
		MaxConnsPerHost:       limits.MaxConnsPerHost,
		MaxIdleConns:          limits.MaxIdleConns,
		MaxIdleConnsPerHost:   cmp.Or(limits.MaxIdleConnsPerHost, limits.MaxConnsPerHost),
		IdleConnTimeout:       cmp.Or(limits.IdleConnTimeout, 90*time.Second),
		DisableKeepAlives:     limits.DisableKeepAlives,
		DisableCompression:    at.near(), // it would cost both sides more than it saves
	}
	if at.socket != "" {
		t.Proxy = nil
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", at.socket)
		}
	}
	return t
}

// wire takes the marks of unset options off each request, shows who asks, and
// has reads wait for their turn and key lists decoded. Edits need no budget: they are made one by one,
// by an operator who waits for them.
type wire struct {
	*http.Transport
	budget   *sources.Budget
	meter    sources.Meter
	username string
	password secrets.Text
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Method == http.MethodGet {
		if err := w.budget.Wait(req.Context()); err != nil {
			return nil, err
		}
	}
	req = unmark(req, w.username, w.password)
	resp, err := sources.RoundTrip(w.Transport, req, w.meter, opOf(req.Method, req.URL.Query()))
	if err != nil {
		return nil, err
	}
	if err = genuine(resp); err == nil {
		err = takeKeyList(resp)
	}
	if err != nil {
		_ = resp.Body.Close() // nothing of it is used
		return nil, err
	}
	return resp, nil
}

// opOf says what a request is for.
func opOf(method string, params url.Values) sources.Op {
	switch {
	case method != http.MethodGet:
		return sources.OpWrite
	case params.Has("index"):
		return sources.OpWatch
	case params.Has("recurse"), params.Has("keys"):
		return sources.OpList
	}
	return sources.OpGet
}

// genuine returns an error for an answer about keys that is not Consul's: that
// has an index, also where it says that there is nothing. A proxy that knows
// nothing of the path would otherwise pass for a Consul without keys.
func genuine(resp *http.Response) error {
	aboutKeys := resp.Request.Method == http.MethodGet && strings.Contains(resp.Request.URL.Path, "/v1/kv/")
	answered := resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusNotFound
	if aboutKeys && answered && resp.Header.Get("X-Consul-Index") == "" {
		return fmt.Errorf("the answer %s is not from Consul: it has no X-Consul-Index", resp.Status)
	}
	return nil
}
