package probe_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"concierge/reload/probe"
)

// within gives a probe the time that its caller owes it.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), d, errors.New("time is up"))
	t.Cleanup(cancel)
	return ctx
}

func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// silent accepts connections and never says a word on them.
func silent(t *testing.T) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() }) // the kernel accepts for a program that hangs
	return l.Addr().String()
}

// nobody returns an address where nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestStatusDecides(t *testing.T) {
	strict := []probe.Statuses{{From: 200, To: 200}, {From: 404, To: 410}}
	for _, c := range []struct {
		status int
		expect []probe.Statuses
		well   bool
	}{
		{200, nil, true}, {204, nil, true}, {302, nil, true}, {399, nil, true},
		{400, nil, false}, {404, nil, false}, {500, nil, false}, {503, nil, false},
		{200, strict, true}, {204, strict, false}, {404, strict, true}, {410, strict, true}, {411, strict, false},
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Errorf("a redirection was followed to %s", r.URL)
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(c.status)
		})
		err := probe.HTTP{URL: s.URL, Expect: c.expect}.Probe(t.Context())
		if c.well != (err == nil) {
			t.Errorf("status %d, expected %v: %v", c.status, c.expect, err)
		}
	}
}

func TestRequestIsAsConfigured(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		got := []string{r.Method, r.Host, r.URL.RequestURI(), r.Header.Get("X-Token"), user, password}
		want := []string{"HEAD", "shop.example", "/health?deep=1", "t0ken", "ann", "pa ss"}
		if strings.Join(got, "|") != strings.Join(want, "|") {
			t.Errorf("the server saw %q, want %q", got, want)
		}
	})
	u, err := url.Parse(s.URL + "/health?deep=1")
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword("ann", "pa ss")
	p := probe.HTTP{URL: u.String(), Method: "HEAD", Host: "shop.example", Headers: map[string]string{"x-token": "t0ken"}}
	if err := p.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Host, p.Headers["host"] = "", "shop.example"
	if err := p.Probe(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestHTTPErrorIsOneShortLineWithoutSecrets(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte("the database\nis\x1b[31m down " + strings.Repeat("ä", 5000)))
	})
	address := s.Listener.Addr().String()
	p := probe.HTTP{URL: "http://ann:s3cret@" + address + "/health?token=s3cret", Headers: map[string]string{"X-Token": "s3cret"}}
	text := p.Probe(t.Context()).Error()
	if want := "GET http://" + address + "/health?…: status 503: the database is [31m down ää"; !strings.HasPrefix(text, want) {
		t.Errorf("got  %q\nwant %q…", text, want)
	}
	if len(text) > 300 || strings.Contains(text, "s3cret") || strings.Contains(text, "ann") || strings.ContainsAny(text, "\n\x1b\ufffd") {
		t.Errorf("not one short line without secrets: %q", text)
	}
	p.Silent = true
	if text, want := p.Probe(t.Context()).Error(), "GET http://"+address+"/health?…: status 503"; text != want {
		t.Errorf("silent: got %q, want %q", text, want)
	}
}

func TestRefusedConnectionIsNamed(t *testing.T) {
	address := nobody(t)
	for name, p := range map[string]probe.Probe{
		"GET http://" + address + "/: ":    probe.HTTP{URL: "http://ann:s3cret@" + address + "/?token=s3cret"},
		"connecting to " + address + ": ":  probe.TCP{Address: address},
		"gRPC health of " + address + ": ": probe.GRPC{Address: address},
	} {
		err := p.Probe(within(t, 10*time.Second))
		name = strings.Replace(name, "/: ", "/?…: ", 1)
		if err == nil || !strings.HasPrefix(err.Error(), name) || !strings.Contains(err.Error(), "connection refused") ||
			strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q, want %q…connection refused", err, name)
		}
	}
	if err := (probe.TCP{Address: address}).Probe(t.Context()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("%v does not wrap its cause", err)
	}
}

func TestHungServerFailsWhenTimeIsUp(t *testing.T) {
	address := silent(t)
	for _, p := range []probe.Probe{
		probe.HTTP{URL: "http://" + address}, probe.GRPC{Address: address},
		probe.HTTP{URL: "https://" + address, InsecureSkipVerify: true},
	} {
		begun := time.Now()
		err := p.Probe(within(t, 100*time.Millisecond))
		if err == nil || !strings.HasSuffix(err.Error(), ": time is up") {
			t.Errorf("%T: got %v, want the cause of the context", p, err)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%T: returned after %s", p, took)
		}
	}
}

func TestSlowAnswerCounts(t *testing.T) {
	slow := serve(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(300 * time.Millisecond):
		}
	})
	if err := (probe.HTTP{URL: slow.URL}).Probe(within(t, 10*time.Second)); err != nil {
		t.Errorf("a slow server in time: %v", err)
	}
	if err := (probe.HTTP{URL: slow.URL}).Probe(within(t, 50*time.Millisecond)); err == nil {
		t.Error("a slow server too late is healthy")
	}
}

// An answer without end must not hold up a probe that knows enough.
func TestEndlessAnswerIsNotRead(t *testing.T) {
	for _, status := range []int{200, 503} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(status)
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1000)); err != nil {
					return
				}
				w.(http.Flusher).Flush()
			}
		})
		ctx := within(t, 20*time.Second)
		if err := (probe.HTTP{URL: s.URL}).Probe(ctx); (err == nil) != (status == 200) || ctx.Err() != nil {
			t.Errorf("status %d: %v", status, err)
		}
	}
}

func TestEveryProbeMakesItsOwnConnectionAndClosesIt(t *testing.T) {
	var connections, closed atomic.Int32
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections.Add(1)
		case http.StateClosed:
			closed.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	for range 3 {
		if err := (probe.HTTP{URL: s.URL}).Probe(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 3 {
		t.Errorf("%d connections for 3 probes", n)
	}
	eventually(t, "the end of all connections", func() bool { return closed.Load() == 3 })
}

func TestCertificateIsVerifiedUnlessToldOtherwise(t *testing.T) {
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.ServerName != "shop.example" {
			t.Errorf("asked for the certificate of %q", r.TLS.ServerName)
		}
	}))
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	if err := (probe.HTTP{URL: s.URL}).Probe(t.Context()); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a certificate that nobody signed: %v", err)
	}
	if err := (probe.HTTP{URL: s.URL, Host: "shop.example:443", InsecureSkipVerify: true}).Probe(t.Context()); err != nil {
		t.Errorf("told to accept any: %v", err)
	}
}

func TestHTTPOverUnixSocket(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "app.sock")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != "/health?a=b" {
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	for _, u := range []string{"unix:" + socket + ":/health?a=b", "http+unix://" + url.PathEscape(socket) + "/health?a=b"} {
		if err := (probe.HTTP{URL: u}).Probe(t.Context()); err != nil {
			t.Errorf("%s: %v", u, err)
		}
	}
	err = probe.HTTP{URL: "unix:" + socket}.Probe(t.Context())
	if want := "GET unix:" + socket + ":/: status 404"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := (probe.TCP{Address: "unix:" + socket}).Probe(t.Context()); err != nil {
		t.Errorf("connecting only: %v", err)
	}
}

func TestBadSettingsAreReportedWithoutThePassword(t *testing.T) {
	for name, p := range map[string]interface{ Validate() error }{
		"no URL":            probe.HTTP{},
		"no host":           probe.HTTP{URL: "http:///s3cret"},
		"other scheme":      probe.HTTP{URL: "ftp://ann:s3cret@host/"},
		"slash in password": probe.HTTP{URL: "http://ann:s3cret/more@host/"},
		"port":              probe.HTTP{URL: "http://ann:s3cret@host:s3cret/"},
		"control character": probe.HTTP{URL: "http://ann:s3cret\x01@host/"},
		"relative socket":   probe.HTTP{URL: "unix:app.sock:/s3cret"},
		"empty socket":      probe.HTTP{URL: "http+unix:///s3cret"},
		"bad escape":        probe.HTTP{URL: "http+unix://%2Frun%2/s3cret"},
		"method":            probe.HTTP{URL: "http://ann:s3cret@host/", Method: "GET IT"},
		"status":            probe.HTTP{URL: "http://host/", Expect: []probe.Statuses{{From: 299, To: 200}}},
		"status 0":          probe.HTTP{URL: "http://host/", Expect: []probe.Statuses{{}}},
		"address":           probe.TCP{Address: "host"},
		"empty address":     probe.GRPC{},
		"no socket":         probe.TCP{Address: "unix:"},
		"no program":        probe.Exec{},
		"empty program":     probe.Exec{Command: []string{""}},
	} {
		err := p.Validate()
		if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), ": write ") {
			t.Errorf("%s: %v, want an error that says what to write, without what was written", name, err)
		}
	}
	for _, p := range []interface{ Validate() error }{
		probe.HTTP{URL: "http://host"}, probe.HTTP{URL: "https://[::1]:8443/x"}, probe.HTTP{URL: "https+unix://%2Frun%2Fx/y"},
		probe.TCP{Address: "[::1]:80"}, probe.TCP{Address: ":80"}, probe.GRPC{Address: "unix:/run/x"}, probe.Exec{Command: []string{"true"}},
	} {
		if err := p.Validate(); err != nil {
			t.Errorf("%+v: %v", p, err)
		}
	}
}
