package consul

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// address is a Consul address taken apart.
type address struct {
	scheme, host, prefix string
	socket               string // path of a unix socket
}

// near reports whether the way there does not leave this machine.
func (a address) near() bool {
	host, _, err := net.SplitHostPort(a.host)
	if err != nil {
		host = a.host
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
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
