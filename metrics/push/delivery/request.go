package delivery

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"concierge/metrics"
)

// request makes a request without its body, and returns the secrets in it.
func (c *Client) request(ctx context.Context, r Request) (*http.Request, []string, error) {
	to, err := c.to.join(r.Path)
	if err != nil {
		return nil, nil, errURL
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, "http://localhost/", nil)
	if err != nil {
		return nil, nil, err
	}
	request.URL, request.Host = to, to.Host
	request.Header.Set("User-Agent", "concierge")
	if r.Type != "" {
		request.Header.Set("Content-Type", r.Type)
	}
	if r.Gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	secret, err := c.identify(request)
	request.Host = cmp.Or(request.Header.Get("Host"), request.Host)
	return request, secret, err
}

// identify adds the headers and credentials of the settings and returns what of
// them must not be shown.
func (c *Client) identify(request *http.Request) (secret []string, err error) {
	secret = metrics.SecretsIn(c.to.url)
	for name, value := range c.options.Headers {
		request.Header.Set(name, value)
		secret = append(secret, value)
	}
	for name, ask := range c.options.Secrets {
		value, err := ask()
		if err != nil {
			return nil, fmt.Errorf("asking for header %s: %w", name, err)
		}
		request.Header.Set(name, value)
		secret = append(secret, value)
	}
	credentials, err := c.authenticate(request)
	return append(secret, credentials...), err
}

func (c *Client) authenticate(request *http.Request) (secret []string, err error) {
	o := c.options
	if o.Token != nil {
		token, err := o.Token()
		if err != nil {
			return nil, fmt.Errorf("asking for the token: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+token)
		return []string{token}, nil
	}
	user := cmp.Or(o.Username, c.to.url.User.Username())
	password, _ := c.to.url.User.Password()
	if o.Password != nil {
		if password, err = o.Password(); err != nil {
			return nil, fmt.Errorf("asking for the password: %w", err)
		}
	}
	if user == "" && password == "" {
		return nil, nil
	}
	request.SetBasicAuth(user, password)
	basic := strings.TrimPrefix(request.Header.Get("Authorization"), "Basic ")
	return []string{password, basic}, nil
}

// File returns a function that reads a secret from a file: its text of at most
// 64 KB, without spaces and line ends around it.
func File(path string) func() (string, error) {
	const most = 64 << 10
	return func() (string, error) {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }()
		text, err := io.ReadAll(io.LimitReader(f, most+1))
		if err != nil {
			return "", err
		}
		if len(text) > most {
			return "", fmt.Errorf("%s has more than %d bytes: it is no secret to be sent with a request", path, most)
		}
		return strings.TrimSpace(string(text)), nil
	}
}
