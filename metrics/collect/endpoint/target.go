package endpoint

import (
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"concierge/metrics"
)

// target is where an HTTP request goes.
type target struct {
	url    *url.URL
	socket string // path of a Unix socket; empty: a network address
}

var (
	errURL    = errors.New(`the URL cannot be read: write "http://host:port/path", "https://…" or "unix:/path/of/socket:/path"`)
	errSocket = errors.New(`the URL names no socket: write "unix:/path/of/socket:/path" or "http+unix://%2Fpath%2Fof%2Fsocket/path"`)
)

// parseTarget reads a URL, in which a Unix socket can have the place of the
// host. Its errors never quote the URL: it may hold a password.
func parseTarget(raw string) (target, error) {
	if rest, ok := strings.CutPrefix(raw, "unix:"); ok {
		socket, path, _ := strings.Cut(rest, ":")
		return socketTarget("http", socket, path)
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	if plain, ok := strings.CutSuffix(scheme, "+unix"); ok {
		host, path, _ := strings.Cut(rest, "/")
		socket, err := url.PathUnescape(host)
		if err != nil {
			return target{}, errSocket
		}
		return socketTarget(plain, socket, "/"+path)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return target{}, errURL
	}
	return target{url: u}, nil
}

func socketTarget(scheme, socket, path string) (target, error) {
	if !strings.HasPrefix(socket, "/") && !strings.HasPrefix(socket, "@") {
		return target{}, errSocket
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	u, err := url.Parse(scheme + "://localhost" + path)
	if err != nil || scheme != "http" && scheme != "https" {
		return target{}, errURL
	}
	return target{url: u, socket: socket}, nil
}

// String is the target without what may be secret: user and query.
func (t target) String() string {
	path := t.url.EscapedPath()
	if t.url.RawQuery != "" {
		path += "?…"
	}
	switch {
	case t.socket != "" && t.url.Scheme == "http":
		return "unix:" + t.socket + ":" + path
	case t.socket != "":
		return t.url.Scheme + "+unix:" + t.socket + ":" + path
	}
	return t.url.Scheme + "://" + t.url.Host + path
}

// near says whether the server is on this machine, where compression only costs.
func (t target) near() bool {
	host := t.url.Hostname()
	address, err := netip.ParseAddr(host)
	return t.socket != "" || host == "localhost" || err == nil && address.IsLoopback()
}

// plain is why a request failed, without its URL and what in it must not be
// shown: a server may echo that in an answer which is none.
func plain(err error, request *http.Request) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	secrets := metrics.SecretsIn(request.URL)
	for name, values := range request.Header {
		if name == "Accept" || name == "User-Agent" || name == "Accept-Encoding" {
			continue
		}
		for _, value := range values {
			_, credentials, _ := strings.Cut(value, " ")
			secrets = append(secrets, value, credentials)
		}
	}
	return metrics.Mask(err, secrets...)
}
