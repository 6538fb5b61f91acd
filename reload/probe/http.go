package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// HTTP asks a web server and looks at the status of its answer. Every probe
// makes a connection of its own, as a new user would, past any proxy, and
// follows no redirection.
type HTTP struct {
	// URL is of the form http://host:port/path or https://…. A server on a
	// Unix socket is unix:/path/of/socket:/path, or with the path of the socket
	// escaped http+unix://%2Fpath%2Fof%2Fsocket/path (also https+unix). User
	// and password are sent as basic authentication.
	URL    string
	Method string // default GET
	// Host is the virtual host to ask for, also by TLS; default that of the URL.
	Host    string
	Headers map[string]string // to be sent; never shown
	// Expect are the statuses of an application that is well; default 200 to
	// 399.
	Expect []Statuses
	// InsecureSkipVerify accepts any certificate: a probe of the own machine
	// often goes to an address that the certificate does not name.
	InsecureSkipVerify bool
	// Silent keeps the answer out of the error, for an application that could
	// repeat a secret there. Otherwise up to 200 bytes of it are shown.
	Silent bool
}

// Statuses is a range of HTTP statuses, both ends included.
type Statuses struct{ From, To int }

// headersMax bounds how much of an answer's headers is read.
const headersMax = 64 << 10

// Validate reports a URL, method or status that no request can have. It quotes
// no part of the URL.
func (h HTTP) Validate() error {
	_, _, err := h.request(context.Background())
	for _, s := range h.Expect {
		if s.From < 100 || s.To > 599 || s.From > s.To {
			err = errors.Join(err, fmt.Errorf("status %d to %d cannot be: write 100 to 599, the smaller one first", s.From, s.To))
		}
	}
	return err
}

// Probe implements [Probe].
func (h HTTP) Probe(ctx context.Context) error {
	request, to, err := h.request(ctx)
	if err != nil {
		return err
	}
	doing := request.Method + " " + to.String()
	answer, err := h.transport(to).RoundTrip(request)
	if err != nil {
		return failed(ctx, doing, err)
	}
	defer answer.Body.Close()
	if h.expects(answer.StatusCode) {
		return nil
	}
	return &failure{doing, h.unexpected(answer)}
}

func (h HTTP) request(ctx context.Context) (*http.Request, target, error) {
	to, err := parseTarget(h.URL)
	if err != nil {
		return nil, target{}, err
	}
	request, err := http.NewRequestWithContext(ctx, cmp.Or(h.Method, http.MethodGet), to.url.String(), nil)
	if err != nil {
		return nil, target{}, fmt.Errorf("the method %q cannot be used: write GET or HEAD", line(h.Method, saidMax))
	}
	request.Header.Set("User-Agent", "concierge")
	for name, value := range h.Headers {
		request.Header.Set(name, value)
	}
	request.Host = cmp.Or(h.Host, request.Header.Get("Host"), request.Host)
	authenticate(request, to.url.User)
	return request, to, nil
}

func authenticate(request *http.Request, user *url.Userinfo) {
	if user != nil {
		password, _ := user.Password()
		request.SetBasicAuth(user.Username(), password)
	}
}

// transport goes to the target for one request.
func (h HTTP) transport(to target) *http.Transport {
	t := &http.Transport{
		DisableKeepAlives:      true,
		DisableCompression:     true,
		MaxResponseHeaderBytes: headersMax,
		TLSClientConfig:        &tls.Config{InsecureSkipVerify: h.InsecureSkipVerify, ServerName: serverName(h.Host)},
	}
	if to.socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", to.socket)
		}
	}
	return t
}

// serverName is a virtual host without its port.
func serverName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

func (h HTTP) expects(status int) bool {
	if len(h.Expect) == 0 {
		return status >= 200 && status < 400
	}
	return slices.ContainsFunc(h.Expect, func(s Statuses) bool { return s.From <= status && status <= s.To })
}

// unexpected describes an answer by its status and as much of its text as
// comes before the probe's context ends.
func (h HTTP) unexpected(answer *http.Response) error {
	if h.Silent {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, saidMax+1))
	said := line(string(text), saidMax)
	if said == "" {
		return fmt.Errorf("status %d", answer.StatusCode)
	}
	return fmt.Errorf("status %d: %s", answer.StatusCode, said)
}
