package endpoint

import (
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// HTTP reads a URL with one GET, past any proxy. The connection stays open for
// the next time.
type HTTP struct {
	// URL is of the form http://host:port/path or https://…. A server on a
	// Unix socket is unix:/path/of/socket:/path, or with the path of the socket
	// escaped http+unix://%2Fpath%2Fof%2Fsocket/path. User and password are sent as
	// basic authentication.
	URL string
	// Headers are sent, too; never shown.
	Headers map[string]string
	// Username and Password are sent as basic authentication, Token as a bearer
	// token. The functions are asked before each request, so that a file that
	// holds one is read again; nil sends nothing.
	Username string
	Password func() (string, error)
	Token    func() (string, error)
	TLS      *tls.Config // towards https; nil is the system's default
	// Redirects is how many are followed, and only to the same server: it was
	// told who may read it, and others were not. Default none.
	Redirects int
}

// accept asks for the text formats first: who can speak several ways has them
// in mind for monitoring. The binary one has nothing more to say and is not read.
const accept = "text/plain;version=1.0.0;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.9," +
	"application/openmetrics-text;version=1.0.0;q=0.8,application/json;q=0.7,*/*;q=0.1"

const (
	headersMax = 64 << 10
	idleMax    = 90 * time.Second // a cycle is shorter; a server that is gone is not kept for ever
)

// httpReader is an [HTTP] at work.
type httpReader struct {
	HTTP
	to     target
	client *http.Client
	gzip   *gzip.Reader
}

// NewHTTP checks the settings and returns their reader. Its errors quote no part
// of the URL.
func NewHTTP(h HTTP) (Reader, error) {
	to, err := parseTarget(h.URL)
	if err != nil {
		return nil, err
	}
	if h.Token != nil && (h.Password != nil || h.Username != "" || to.url.User != nil) {
		return nil, errors.New("both a token and a user name are given: write one of them")
	}
	r := &httpReader{HTTP: h, to: to}
	r.client = &http.Client{Transport: h.transport(to), CheckRedirect: r.redirect}
	return r, nil
}

func (h HTTP) transport(to target) *http.Transport {
	t := &http.Transport{
		MaxIdleConnsPerHost:    1,
		MaxConnsPerHost:        1,
		IdleConnTimeout:        idleMax,
		DisableCompression:     true, // the inflated size has to be bounded here
		MaxResponseHeaderBytes: headersMax,
		TLSClientConfig:        h.TLS,
	}
	if to.socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", to.socket)
		}
	}
	return t
}

// String implements [Reader].
func (r *httpReader) String() string { return r.to.String() }

// redirect says whether a redirection is followed.
func (r *httpReader) redirect(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) > r.Redirects && r.Redirects > 0:
		return fmt.Errorf("more than %d redirections: write the last address that they lead to", r.Redirects)
	case r.Redirects > 0 && (next.URL.Host != r.to.url.Host || next.URL.Scheme != r.to.url.Scheme):
		return errors.New("it redirects to another server, and that is not followed: write the last address that it leads to")
	case r.Redirects > 0:
		return nil
	}
	return http.ErrUseLastResponse
}

// Read implements [Reader].
func (r *httpReader) Read(ctx context.Context, body *Body) (contentType string, err error) {
	request, err := r.request(ctx)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", r.to, err)
	}
	answer, err := r.client.Do(request)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", r.to, plain(err, request))
	}
	defer answer.Body.Close()
	if err := r.take(answer, body); err != nil {
		return "", fmt.Errorf("reading %s: %w", r.to, err)
	}
	return answer.Header.Get("Content-Type"), nil
}

func (r *httpReader) request(ctx context.Context) (*http.Request, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.to.url.String(), nil)
	if err != nil {
		return nil, errURL
	}
	request.Header.Set("Accept", accept)
	request.Header.Set("User-Agent", "concierge")
	if !r.to.near() {
		request.Header.Set("Accept-Encoding", "gzip")
	}
	for name, value := range r.Headers {
		request.Header.Set(name, value)
	}
	request.Host = cmp.Or(request.Header.Get("Host"), request.Host)
	return request, r.authenticate(request)
}

func (r *httpReader) authenticate(request *http.Request) error {
	user := r.Username
	password, _ := r.to.url.User.Password()
	if u := r.to.url.User; u != nil && user == "" {
		user = u.Username()
	}
	var err error
	switch {
	case r.Token != nil:
		var token string
		if token, err = r.Token(); err == nil {
			request.Header.Set("Authorization", "Bearer "+token)
		}
	case r.Password != nil:
		password, err = r.Password()
		fallthrough
	case user != "":
		request.SetBasicAuth(user, password)
	}
	return err
}

// take reads the answer's body.
func (r *httpReader) take(answer *http.Response, body *Body) error {
	if answer.StatusCode != http.StatusOK {
		return &failure{Refused, unexpected(answer.StatusCode)}
	}
	switch encoding := answer.Header.Get("Content-Encoding"); encoding {
	case "", "identity":
		body.Expect(int(min(answer.ContentLength, 1<<30)))
		_, err := body.ReadFrom(answer.Body)
		return err
	case "gzip", "x-gzip":
		return r.inflate(answer.Body, body)
	default:
		return fmt.Errorf("it is encoded as %.40q, which was not asked for", encoding)
	}
}

func (r *httpReader) inflate(from io.Reader, body *Body) (err error) {
	if r.gzip == nil {
		r.gzip, err = gzip.NewReader(from)
	} else {
		err = r.gzip.Reset(from)
	}
	if err == nil {
		_, err = body.ReadFrom(r.gzip)
	}
	if err != nil {
		return fmt.Errorf("inflating: %w", err)
	}
	return nil
}

func unexpected(status int) error {
	hint := "see the log of the application"
	switch {
	case status >= 300 && status < 400:
		hint = "it redirects, and that is not followed: write the last address that it leads to (curl -sIL shows it)"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		hint = "see its username, password_file and token_file settings"
	case status == http.StatusNotFound:
		hint = "see the path of its URL"
	}
	return fmt.Errorf("status %d: %s", status, hint)
}
