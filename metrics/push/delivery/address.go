package delivery

import (
	"errors"
	"net/url"
	"strings"
)

// address is where requests go.
type address struct {
	url    *url.URL
	socket string // path of a Unix socket; empty: over the network
}

var (
	errURL    = errors.New(`the URL cannot be read: write "http://host:port/path", "https://…" or "unix:/path/of/socket:/path"`)
	errSocket = errors.New(`the URL names no socket: write "unix:/path/of/socket:/path"`)
)

// parseAddress reads a URL, in which a Unix socket can have the place of the
// host. Its errors never quote it: it may hold a password.
func parseAddress(raw string) (address, error) {
	if rest, ok := strings.CutPrefix(raw, "unix:"); ok {
		return parseSocket(rest)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.Fragment != "" {
		return address{}, errURL
	}
	return address{url: u}, nil
}

func parseSocket(text string) (address, error) {
	socket, path, _ := strings.Cut(text, ":")
	if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
		return address{}, errSocket
	}
	u, err := url.Parse("http://localhost/" + strings.TrimPrefix(path, "/"))
	if err != nil {
		return address{}, errURL
	}
	return address{url: u, socket: socket}, nil
}

// join returns the URL of something below the address. The path is escaped.
func (a address) join(path string) (*url.URL, error) {
	if path == "" {
		return a.url, nil
	}
	below := *a.url
	full := strings.TrimSuffix(a.url.EscapedPath(), "/") + path
	var err error
	below.Path, err = url.PathUnescape(full)
	below.RawPath = full
	return &below, err
}

// String is the address without what may be secret: user and query.
func (a address) String() string {
	path := a.url.EscapedPath()
	if a.url.RawQuery != "" {
		path += "?…"
	}
	if a.socket != "" {
		return "unix:" + a.socket + ":" + path
	}
	return a.url.Scheme + "://" + a.url.Host + path
}
