package etcd

import (
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"concierge/secrets"
	"concierge/sources"
)

// Config says which etcd is asked and how. Only Endpoints is needed.
type Config struct {
	Name         string   // name of the source in queries; default "etcd"
	Endpoints    []string // host:port, http(s)://host:port or unix:///path, one for each known member
	Username     string
	Password     secrets.Text
	PasswordFile string // wins over Password; read at each login
	TLS          sources.TLS
	Prefix       string        // put in front of every path as it is, and cut from every answer
	DialTimeout  time.Duration // longest wait for a connection to one member; default 5 s
	// Namespace is that of the cluster whose services are shown, as in
	// concierge/production; without one there are none.
	Namespace string
	Budget    *sources.Budget // of the reads; nil is one of its own, with the default
	Meter     sources.Meter   // is told of the requests; nil is nobody
}

const (
	defaultName        = "etcd"
	defaultDialTimeout = 5 * time.Second
)

// check validates, fills in defaults and reads the TLS files.
func (c Config) check() (Config, *tls.Config, error) {
	c.Name = cmp.Or(c.Name, defaultName)
	c.DialTimeout = cmp.Or(c.DialTimeout, defaultDialTimeout)
	if len(c.Endpoints) == 0 {
		return c, nil, errors.New("configuring etcd: no endpoint (set sources.etcd.endpoints, for example 127.0.0.1:2379)")
	}
	for _, e := range c.Endpoints {
		if err := checkEndpoint(e); err != nil {
			return c, nil, fmt.Errorf("configuring etcd: %w", err)
		}
	}
	hasPassword := !c.Password.Empty() || c.PasswordFile != ""
	if (c.Username != "") != hasPassword {
		return c, nil, errors.New("configuring etcd: username and password are needed together (set sources.etcd.username and sources.etcd.password_file)")
	}
	if c.DialTimeout < 0 {
		return c, nil, fmt.Errorf("configuring etcd: dial timeout %s is negative (set sources.etcd.dial_timeout, for example 5s)", c.DialTimeout)
	}
	if !c.TLS.Enabled() {
		return c, nil, nil
	}
	t, err := c.TLS.ClientConfig()
	if err != nil {
		return c, nil, fmt.Errorf("configuring etcd: %w (check sources.etcd.tls)", err)
	}
	return c, t, nil
}

// checkEndpoint finds what the client library would only report as a failed
// connection. The address itself is not shown beyond what was written.
func checkEndpoint(e string) error {
	scheme, rest, found := strings.Cut(e, "://")
	if !found {
		scheme, rest = "http", e
	}
	hint := "(write host:port or https://host:port)"
	switch scheme {
	case "unix", "unixs":
		return nil
	case "http", "https":
	default:
		return fmt.Errorf("endpoint %q has an unknown scheme %s", e, hint)
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.Hostname() == "" || u.Port() == "" || strings.Trim(u.Path, "/") != "" || u.User != nil {
		return fmt.Errorf("endpoint %q is not an address %s", e, hint)
	}
	return nil
}
