package admin

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Visit asks a [Site] at host:port, http://host:port or unix:/path for a page,
// for example /readyz, and returns the answer's first bytes and whether it is a
// good one (200). It blocks until then or until ctx ends.
func Visit(ctx context.Context, address, page string) (text string, good bool, err error) {
	transport := &http.Transport{DisableKeepAlives: true}
	base := strings.TrimSuffix(address, "/")
	if path, ok := strings.CutPrefix(address, unixScheme); ok {
		base = "http://concierge"
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", strings.TrimPrefix(path, "//"))
		}
	} else if !strings.Contains(base, "://") {
		base = "http://" + base
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+page, nil)
	if err != nil {
		return "", false, fmt.Errorf("asking %s: %w (write host:port or unix:/path)", address, err)
	}
	answer, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return "", false, fmt.Errorf("asking %s: %w", address, cause(err))
	}
	defer func() { _ = answer.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxVisit))
	if err != nil {
		return "", false, fmt.Errorf("reading the answer of %s: %w", address, err)
	}
	return string(body), answer.StatusCode == http.StatusOK, nil
}

// maxVisit bounds what is read of an answer.
const maxVisit = 64 << 10
