package logging

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	dialTimeout  = 5 * time.Second
	writeTimeout = time.Second
	// localSocket is where the log daemon of a Linux system listens.
	localSocket = "/dev/log"
)

// endpoint is where a log daemon listens.
type endpoint struct {
	network string // udp, tcp or unix
	address string
}

// parseEndpoint reads udp://host:port, tcp://host:port or unix:///path. The
// empty text is the local system's log.
func parseEndpoint(text string) (endpoint, error) {
	if text == "" {
		return endpoint{"unix", localSocket}, nil
	}
	fail := fmt.Errorf("log.syslog.address: %q is not an address (write udp://host:514, tcp://host:514, unix:///path, or nothing for %s)",
		text, localSocket)
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return endpoint{}, fail
	}
	switch at := (endpoint{network: u.Scheme}); u.Scheme {
	case "udp", "tcp":
		at.address = u.Host
		if u.Hostname() == "" || u.Port() == "" || strings.Trim(u.Path, "/") != "" {
			return endpoint{}, fail
		}
		return at, nil
	case "unix":
		at.address = u.Path
		if u.Host != "" || u.Path == "" {
			return endpoint{}, fail
		}
		return at, nil
	}
	return endpoint{}, fail
}

// String returns the address in the form of the setting.
func (e endpoint) String() string { return e.network + "://" + e.address }

// local reports whether the daemon is on this machine, so that messages name
// no host.
func (e endpoint) local() bool { return e.network == "unix" }

// dial connects. A socket in the file system may be of either kind; datagrams
// are usual.
func (e endpoint) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	if e.network != "unix" {
		return d.DialContext(ctx, e.network, e.address)
	}
	conn, err := d.DialContext(ctx, "unixgram", e.address)
	if errors.Is(err, unix.EPROTOTYPE) {
		return d.DialContext(ctx, "unix", e.address)
	}
	return conn, err
}

// isStream reports whether messages on conn need framing.
func isStream(conn net.Conn) bool {
	switch conn.LocalAddr().Network() {
	case "tcp", "unix":
		return true
	}
	return false
}

// framed is a message as it goes over a stream (RFC 6587): RFC 5424 messages
// count their bytes, others end with a newline.
func framed(message []byte, counted bool) []byte {
	if counted {
		return fmt.Appendf(nil, "%d %s", len(message), message)
	}
	return fmt.Appendf(nil, "%s\n", message)
}
