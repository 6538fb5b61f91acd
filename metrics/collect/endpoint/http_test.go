package endpoint_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/endpoint"
	"concierge/metrics/fixture"
)

// at is an endpoint at a URL.
func at(t *testing.T, h endpoint.HTTP, o endpoint.Options) *endpoint.Endpoint {
	t.Helper()
	r, err := endpoint.NewHTTP(h)
	if err != nil {
		t.Fatal(err)
	}
	return endpoint.New(r, o)
}

// serve starts a server and returns its URL.
func serve(t *testing.T, f http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

// answer is a handler that says one thing.
func answer(contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, text)
	}
}

func TestContentTypeTellsTheFormat(t *testing.T) {
	for contentType, text := range map[string]string{
		"application/json": fixture.Flat(3),
		"application/vnd.spring-boot.actuator.v1+json;charset=UTF-8": fixture.Flat(3),
		"text/plain; version=0.0.4":                                  "a 1\nb 2\nc 3\n",
		"text/plain; version=1.0.0; escaping=allow-utf-8":            "{\"a b\"} 1\nb 2\nc 3\n",
		"application/openmetrics-text; version=1.0.0; charset=utf-8": "a 1\nb 2\nc 3\n# EOF\n",
		"application/octet-stream":                                   fixture.Flat(3),
		"; nonsense":                                                 fixture.Flat(3),
	} {
		samples, err := at(t, endpoint.HTTP{URL: serve(t, answer(contentType, text))}, endpoint.Options{}).Collect(t.Context(), nil)
		if err != nil || len(samples) != 3 {
			t.Errorf("%s: %d samples, %v", contentType, len(samples), err)
		}
	}
	cut := serve(t, answer("application/openmetrics-text; version=1.0.0", "a 1\n"))
	refused(t, at(t, endpoint.HTTP{URL: cut}, endpoint.Options{}), endpoint.Unreadable, "cut off")
}

func TestOneConnectionServesAllCycles(t *testing.T) {
	var connections, requests atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answer("text/plain", fixture.Prometheus(100))(w, r)
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	defer s.Close()
	e := at(t, endpoint.HTTP{URL: s.URL}, endpoint.Options{})
	for range 5 {
		if _, err := e.Collect(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if connections.Load() != 1 || requests.Load() != 5 {
		t.Errorf("%d connections and %d requests for 5 cycles, want 1 and 5", connections.Load(), requests.Load())
	}
}

func TestRequestSaysWhoAsksForWhat(t *testing.T) {
	var got *http.Request
	server := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r; answer("", "a 1\n")(w, r) })
	e := at(t, endpoint.HTTP{URL: server + "/metrics?x=y", Headers: map[string]string{"X-Scope": "a", "Host": "shop.example"}}, endpoint.Options{})
	if _, err := e.Collect(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	h := got.Header
	if got.Method != "GET" || got.URL.String() != "/metrics?x=y" || got.Host != "shop.example" || h.Get("X-Scope") != "a" {
		t.Errorf("asked %s %s of %s with %v", got.Method, got.URL, got.Host, h)
	}
	if !strings.Contains(h.Get("Accept"), "text/plain;version=0.0.4") || h.Get("User-Agent") != "concierge" || h.Get("Accept-Encoding") != "" || h.Get("Authorization") != "" {
		t.Errorf("headers are %v: compression is not for the own machine", h)
	}
}

func TestCredentialsAreSent(t *testing.T) {
	n := 0
	token := func() (string, error) { n++; return fmt.Sprintf("token%d", n), nil }
	var got string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header.Get("Authorization")
		answer("", "a 1\n")(w, r)
	})
	inside := strings.Replace(server, "http://", "http://us:pa@", 1)
	for _, c := range []struct {
		endpoint.HTTP
		want string
	}{
		{endpoint.HTTP{URL: server, Token: token}, "Bearer token1"},
		{endpoint.HTTP{URL: server, Token: token}, "Bearer token2"}, // the file was replaced meanwhile
		{endpoint.HTTP{URL: server, Username: "us", Password: func() (string, error) { return "pa", nil }}, "Basic dXM6cGE="},
		{endpoint.HTTP{URL: inside}, "Basic dXM6cGE="},
	} {
		if _, err := at(t, c.HTTP, endpoint.Options{}).Collect(t.Context(), nil); err != nil || got != c.want {
			t.Errorf("sent %q, %v; want %q", got, err, c.want)
		}
	}
}

func TestErrorsTellNoSecrets(t *testing.T) {
	bad := errors.New("reading credential file: no such file")
	for _, h := range []endpoint.HTTP{
		{URL: "http://user:secret@127.0.0.1:1/metrics?token=secret"},
		{URL: "http://127.0.0.1:1/", Token: func() (string, error) { return "secret\n", nil }},
		{URL: "http://127.0.0.1:1/", Token: func() (string, error) { return "secret", bad }},
	} {
		_, err := at(t, h, endpoint.Options{}).Collect(t.Context(), nil)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("error is %v", err)
		}
	}
	for _, raw := range []string{"secret", "ftp://secret", "http://se cret", "unix:secret", "http+unix://secret/", ""} {
		if _, err := endpoint.NewHTTP(endpoint.HTTP{URL: raw}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error is %v", raw, err)
		}
	}
	both := endpoint.HTTP{URL: "http://a:b@c/", Token: func() (string, error) { return "", nil }}
	if _, err := endpoint.NewHTTP(both); err == nil || !strings.Contains(err.Error(), "both a token and a user") {
		t.Errorf("error is %v", err)
	}
}

func TestServersThatEchoARequestRevealNoSecret(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = fmt.Fprintf(c, "%s %v\r\n\r\n", r.URL, r.Header)
		_ = c.Close()
	})
	h := endpoint.HTTP{URL: url + "/metrics?token=secret-1&a=b", Headers: map[string]string{"X-Key": "secret-2"}, Username: "me", Password: func() (string, error) { return "secret-3", nil }}
	_, err := at(t, h, endpoint.Options{}).Collect(t.Context(), nil)
	if err == nil || !strings.Contains(err.Error(), "malformed") {
		t.Fatalf("error is %v", err)
	}
	for _, secret := range []string{"secret", "token=", "bWU6c2VjcmV0LTM="} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s is in %v", secret, err)
		}
	}
}

func TestATimeoutNamesTheURLWithoutItsSecretsWhoeverSetIt(t *testing.T) {
	url := hostile(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	h := endpoint.HTTP{URL: strings.Replace(url, "//", "//me:secret@", 1) + "?token=secret"}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := at(t, h, endpoint.Options{Timeout: 3 * time.Second}).Collect(ctx, nil)
	if want := "reading " + url + "?…: not finished after 3s (see its timeout setting)"; err == nil || err.Error() != want || !errors.Is(err, metrics.ErrTimeout) {
		t.Errorf("error is %v, want %s", err, want)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := at(t, h, endpoint.Options{}).Collect(stopped, nil); !errors.Is(err, context.Canceled) || errors.Is(err, metrics.ErrTimeout) {
		t.Errorf("error is %v", err)
	}
}

func TestUnixSocketIsRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer("", "path{is=\""+r.URL.Path+"\"} 1\n")(w, r)
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	defer s.Close()
	for _, u := range []string{"unix:" + path + ":/m", "http+unix://" + url.QueryEscape(path) + "/m"} {
		samples, err := at(t, endpoint.HTTP{URL: u}, endpoint.Options{}).Collect(t.Context(), nil)
		if show(samples) != `:path{is="/m"}=1` || err != nil {
			t.Errorf("%s: %s, %v", u, show(samples), err)
		}
	}
}

func TestServerIsVerified(t *testing.T) {
	s := httptest.NewUnstartedServer(answer("", "a 1\n"))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	refused(t, at(t, endpoint.HTTP{URL: s.URL}, endpoint.Options{}), endpoint.Unreachable, "certificate")
	trusting := s.Client().Transport.(*http.Transport).TLSClientConfig
	samples, err := at(t, endpoint.HTTP{URL: s.URL, TLS: &tls.Config{RootCAs: trusting.RootCAs}}, endpoint.Options{}).Collect(t.Context(), nil)
	if len(samples) != 1 || err != nil {
		t.Errorf("%d samples, %v", len(samples), err)
	}
}

func TestCompressedAnswerIsInflated(t *testing.T) {
	text := fixture.Prometheus(100)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = io.WriteString(z, text)
		_ = z.Close()
	})
	e := at(t, endpoint.HTTP{URL: server}, endpoint.Options{})
	for range 2 {
		samples, err := e.Collect(t.Context(), nil)
		if len(samples) != 100*fixture.HistogramSamples+fixture.PrometheusOther(100) || e.Size() != len(text) || err != nil {
			t.Errorf("%d samples of %d bytes, %v", len(samples), e.Size(), err)
		}
	}
}

func TestOtherStatusIsRefusedWithAHint(t *testing.T) {
	for status, hint := range map[int]string{204: "log of the application", 401: "token_file", 404: "path of its URL", 500: "log of the application", 301: "write the last address that it leads to"} {
		server := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		refused(t, at(t, endpoint.HTTP{URL: server}, endpoint.Options{}), endpoint.Refused, fmt.Sprintf("status %d: ", status))
		_, err := at(t, endpoint.HTTP{URL: server}, endpoint.Options{}).Collect(t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("status %d: error %v, want %q in it", status, err, hint)
		}
	}
}

func TestRedirectionsAreFollowedOnlyWhenAllowedAndToTheSameServer(t *testing.T) {
	elsewhere := serve(t, func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("another server was asked, with %q", r.Header.Get("Authorization"))
	})
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/here":
			http.Redirect(w, r, "/metrics", http.StatusFound)
		case "/away":
			http.Redirect(w, r, elsewhere, http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			answer("", "a 1\n")(w, r)
		}
	})
	token := func() (string, error) { return "token", nil }
	refused(t, at(t, endpoint.HTTP{URL: server + "/here", Token: token}, endpoint.Options{}), endpoint.Refused, "it redirects")
	for path, want := range map[string]string{"/away": "to another server", "/loop": "more than 3 redirections"} {
		refused(t, at(t, endpoint.HTTP{URL: server + path, Token: token, Redirects: 3}, endpoint.Options{}), endpoint.Unreachable, want)
	}
	samples, err := at(t, endpoint.HTTP{URL: server + "/here", Token: token, Redirects: 3}, endpoint.Options{}).Collect(t.Context(), nil)
	if len(samples) != 1 || err != nil {
		t.Errorf("%d samples, %v", len(samples), err)
	}
}
