package delivery

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"concierge/metrics"
)

// Options say where requests go, and as whom. Only URL has no default.
type Options struct {
	// URL is of the form http://host:port/path or https://…; a server on a Unix
	// socket is unix:/path/of/socket:/path. User and password in it are sent as
	// basic authentication.
	URL string
	// Headers are sent with every request. Secrets are, too, but are asked for
	// before each one, so that a file that holds one is read again: see [File].
	// Neither is ever shown.
	Headers map[string]string
	Secrets map[string]func() (string, error)
	// Username and Password are sent as basic authentication, Token as a bearer
	// token. The functions are asked before each request; nil sends nothing.
	Username string
	Password func() (string, error)
	Token    func() (string, error)
	TLS      *tls.Config // towards https; nil is the system's default
	// MaxAnswer is how many bytes of an answer are read; 0 is DefaultMaxAnswer.
	MaxAnswer int
}

// DefaultMaxAnswer is plenty for what servers say to a delivery.
const DefaultMaxAnswer = 64 << 10

const (
	headersMax = 64 << 10
	idleMax    = 90 * time.Second // a cycle is shorter; a server that is gone is not kept for ever
)

// Client sends requests to one server, one at a time. It has one connection of
// its own.
type Client struct {
	options Options
	to      address
	http    *http.Client
}

// Request is what is sent.
type Request struct {
	Method string
	Path   string // below the URL, escaped, with a slash before it; may be empty
	Type   string // of the body
	Gzip   bool   // the body is compressed
	Body   []byte
}

// Answer is what came back, with any status.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // up to the limit
	Cut    bool   // there was more
	// Took is where the time went, also when there is an error.
	Took   metrics.Stages
	secret []string
}

// New checks the settings and connects to nothing yet. Its errors quote no part
// of the URL.
func New(o Options) (*Client, error) {
	to, err := parseAddress(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Token != nil && (o.Password != nil || o.Username != "" || to.url.User != nil) {
		return nil, errors.New("both a token and a user name are given: write one of them")
	}
	if o.MaxAnswer < 0 {
		return nil, errors.New("the limit of an answer is negative: leave it out for the default")
	}
	o.MaxAnswer = cmp.Or(o.MaxAnswer, DefaultMaxAnswer)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{options: o, to: to, http: &http.Client{Transport: transport(o, to), CheckRedirect: stay}}, nil
}

func transport(o Options, to address) *http.Transport {
	t := &http.Transport{
		MaxIdleConnsPerHost:    1,
		MaxConnsPerHost:        1,
		IdleConnTimeout:        idleMax,
		DisableCompression:     true, // answers are small, and an inflated one has no bound
		MaxResponseHeaderBytes: headersMax,
		TLSClientConfig:        o.TLS,
	}
	if to.socket != "" {
		t.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", to.socket)
		}
	}
	return t
}

// String names the server without what may be secret.
func (c *Client) String() string { return c.to.String() }

// Close closes the connection that is kept.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Do sends one request and returns the answer, whatever its status, and how
// many bytes of the body left. Its errors do not name the server: see String.
func (c *Client) Do(ctx context.Context, r Request) (Answer, int, error) {
	traceCtx, trace := traced(ctx)
	request, secret, err := c.request(traceCtx, r)
	if err != nil {
		return Answer{}, 0, err
	}
	var left atomic.Int64
	if len(r.Body) > 0 {
		request.ContentLength = int64(len(r.Body))
		request.GetBody = func() (io.ReadCloser, error) {
			return &counted{Reader: bytes.NewReader(r.Body), left: &left}, nil
		}
		request.Body, _ = request.GetBody()
	}
	answer, err := c.http.Do(request)
	if err != nil {
		return Answer{Took: trace.stages()}, int(left.Load()), cause(ctx, err, secret)
	}
	defer func() { _ = answer.Body.Close() }()
	a := Answer{Status: answer.StatusCode, Header: answer.Header, Took: trace.stages(), secret: secret}
	a.Body, err = io.ReadAll(io.LimitReader(answer.Body, int64(c.options.MaxAnswer)+1))
	if a.Cut = len(a.Body) > c.options.MaxAnswer; a.Cut {
		a.Body = a.Body[:c.options.MaxAnswer]
	}
	if err != nil {
		return a, int(left.Load()), fmt.Errorf("reading the answer: %w", cause(ctx, err, secret))
	}
	return a, int(left.Load()), nil
}

// counted counts what is taken of a body, which is what leaves. A request that
// is begun again, on a connection that turned out to be stale, has a new body: the
// one of which most was taken tells.
type counted struct {
	*bytes.Reader
	left *atomic.Int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.note()
	return n, err
}

// WriteTo counts for who takes the body as a whole.
func (c *counted) WriteTo(w io.Writer) (int64, error) {
	n, err := c.Reader.WriteTo(w)
	c.note()
	return n, err
}

func (c *counted) note() {
	taken := c.Size() - int64(c.Len())
	for {
		before := c.left.Load()
		if taken <= before || c.left.CompareAndSwap(before, taken) {
			return
		}
	}
}

func (*counted) Close() error { return nil }
