package consul

import (
	"encoding/pem"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/secrets"
	"concierge/sources"
)

func TestAddressForms(t *testing.T) {
	for in, want := range map[string]address{
		"127.0.0.1:8500":           {scheme: "http", host: "127.0.0.1:8500"},
		"http://[::1]:8500/":       {scheme: "http", host: "[::1]:8500"},
		"https://gate/consul/api/": {scheme: "https", host: "gate", prefix: "/consul/api"},
		"unix:///run/consul.sock":  {scheme: "http", host: "localhost", socket: "/run/consul.sock"},
	} {
		if got, err := parseAddress(in, false); err != nil || got != want {
			t.Errorf("%s is %+v (%v), want %+v", in, got, err, want)
		}
	}
	if got, _ := parseAddress("consul:8501", true); got.scheme != "https" {
		t.Errorf("TLS settings without a scheme give %q", got.scheme)
	}
}

func TestBadAddressIsRefusedWithAHint(t *testing.T) {
	for _, in := range []string{"", "ftp://x", "http://", "unix://", "a b:1", "http://user@host"} {
		_, err := New(Config{Address: in}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "sources.consul.address") {
			t.Errorf("address %q gives %v, want an error with a hint", in, err)
		}
	}
}

func TestMissingCertificateIsRefusedAtStart(t *testing.T) {
	_, err := New(Config{
		Address: "127.0.0.1:8500",
		TLS:     sources.TLS{CAFile: filepath.Join(t.TempDir(), "ca.pem")},
	}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "sources.consul.tls") {
		t.Errorf("error is %v, want one with a hint", err)
	}
}

// TestEnvironmentIsNotReadBehindTheConfig needs to see the request, which a
// real server does not show.
func TestEnvironmentIsNotReadBehindTheConfig(t *testing.T) {
	t.Setenv("CONSUL_HTTP_TOKEN", "from-environment")
	t.Setenv("CONSUL_HTTP_TOKEN_FILE", filepath.Join(t.TempDir(), "absent"))
	t.Setenv("CONSUL_HTTP_ADDR", "127.0.0.1:1")
	t.Setenv("CONSUL_NAMESPACE", "from-environment")
	t.Setenv("CONSUL_PARTITION", "from-environment")
	t.Setenv("CONSUL_HTTP_SSL", "true")
	t.Setenv("CONSUL_HTTP_AUTH", "from:environment")
	var seen *http.Request
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r
		w.Header().Set("X-Consul-Index", "1")
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()

	for name, cfg := range map[string]Config{
		"nothing set": {},
		"all set":     {Token: secrets.NewText("mine"), Namespace: "ns1", Partition: "p1", Datacenter: "dc2"},
	} {
		cfg.Address = server.URL
		s, err := New(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.List(t.Context(), "app/"); err != nil {
			t.Fatal(err)
		}
		got := Config{
			Address:    server.URL,
			Token:      secrets.NewText(seen.Header.Get("X-Consul-Token")),
			Namespace:  seen.URL.Query().Get("ns"),
			Partition:  seen.URL.Query().Get("partition"),
			Datacenter: seen.URL.Query().Get("dc"),
		}
		if got != cfg {
			t.Errorf("%s: the request says %+v (token %q), want %+v", name, got, got.Token.Reveal(), cfg)
		}
		if has := seen.URL.Query().Has("ns"); has != (cfg.Namespace != "") {
			t.Errorf("%s: a namespace is sent: %v", name, has)
		}
		if auth := seen.Header.Get("Authorization"); auth != "" {
			t.Errorf("%s: the request says who asks: %q", name, auth)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestUserAndPasswordAreShown needs to see the request, too: Consul itself does
// not ask for them, proxies in front of it do.
func TestUserAndPasswordAreShown(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "app" || password != "s3cret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("X-Consul-Index", "1")
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	for password, want := range map[string]error{"s3cret": nil, "other": sources.ErrDenied} {
		s, err := New(Config{Address: server.URL, Username: "app", Password: secrets.NewText(password)}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		_, err = s.List(t.Context(), "app/")
		if !errors.Is(err, want) {
			t.Errorf("password %s gives %v, want %v", password, err, want)
		}
		if err != nil && strings.Contains(err.Error(), password) {
			t.Errorf("error %q shows the password", err)
		}
	}
}

func TestLimitsOfConnectionsAreTaken(t *testing.T) {
	given := sources.Transport{
		TLSHandshakeTimeout: time.Second, IdleConnTimeout: 2 * time.Second, MaxConnsPerHost: 7,
		MaxIdleConns: 5, MaxIdleConnsPerHost: 4, DisableKeepAlives: true,
	}
	tr := newTransport(address{}, nil, given, 5*time.Minute)
	got := sources.Transport{
		TLSHandshakeTimeout: tr.TLSHandshakeTimeout, IdleConnTimeout: tr.IdleConnTimeout, MaxConnsPerHost: tr.MaxConnsPerHost,
		MaxIdleConns: tr.MaxIdleConns, MaxIdleConnsPerHost: tr.MaxIdleConnsPerHost, DisableKeepAlives: tr.DisableKeepAlives,
	}
	if got != given {
		t.Errorf("transport has %+v, want %+v", got, given)
	}
	if tr.ResponseHeaderTimeout <= 5*time.Minute+5*time.Minute/16 {
		t.Errorf("a poll of 5 minutes ends after %v", tr.ResponseHeaderTimeout)
	}
}

// TestEveryAddressFormReachesItsServer uses stand-ins, since only the way to the
// server matters here.
func TestEveryAddressFormReachesItsServer(t *testing.T) {
	var path string
	answer := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path = r.URL.Path
		w.Header().Set("X-Consul-Index", "1")
		w.WriteHeader(http.StatusNotFound)
	})
	plain, encrypted, local := httptest.NewServer(answer), httptest.NewTLSServer(answer), httptest.NewUnstartedServer(answer)
	socket := filepath.Join(t.TempDir(), "consul.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	local.Listener = listener
	local.Start()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: encrypted.Certificate().Raw})
	if err := os.WriteFile(ca, cert, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, server := range []*httptest.Server{plain, encrypted, local} {
		t.Cleanup(server.Close)
	}
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Address: plain.Listener.Addr().String()}, "/v1/kv/app/"},
		{Config{Address: plain.URL + "/gate/"}, "/gate/v1/kv/app/"},
		{Config{Address: "unix://" + socket}, "/v1/kv/app/"},
		{Config{Address: encrypted.URL, TLS: sources.TLS{CAFile: ca}}, "/v1/kv/app/"},
		{Config{Address: encrypted.Listener.Addr().String(), TLS: sources.TLS{CAFile: ca}}, "/v1/kv/app/"},
	} {
		s, err := New(c.cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		path = ""
		if _, err := s.List(t.Context(), "app/"); err != nil || path != c.want {
			t.Errorf("%s asks for %q (%v), want %q", c.cfg.Address, path, err, c.want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"127.0.0.1:8500", "http://a/b", "unix:///x", "://", "https://[::1]:1/"} {
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, encrypted bool) {
		a, err := parseAddress(s, encrypted)
		if err != nil {
			return
		}
		if a.host == "" || (a.scheme != "http" && a.scheme != "https") {
			t.Errorf("%q is taken as %+v", s, a)
		}
		if a.prefix != "" && !strings.HasPrefix(a.prefix, "/") {
			t.Errorf("%q has prefix %q", s, a.prefix)
		}
	})
}
