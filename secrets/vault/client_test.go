package vault

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"concierge/secrets"
	"concierge/sources"
)

func TestBadAddressIsRefusedWithAHint(t *testing.T) {
	for _, in := range []string{"", "127.0.0.1:8200", "ftp://x", "http://", "unix://", "http://a b"} {
		_, err := New(Config{Address: in}, slog.New(slog.DiscardHandler))
		if err == nil || !strings.Contains(err.Error(), "secrets.vault.address") {
			t.Errorf("address %q gives %v, want an error with a hint", in, err)
		}
	}
}

func TestMissingCertificateIsRefusedAtStart(t *testing.T) {
	_, err := New(Config{
		Address: "https://127.0.0.1:8200",
		TLS:     sources.TLS{CAFile: filepath.Join(t.TempDir(), "ca.pem")},
	}, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "secrets.vault.tls") {
		t.Errorf("error is %v, want one with a hint", err)
	}
}

// TestEnvironmentIsNotReadBehindTheConfig needs to see the request, which a
// real server does not show.
func TestEnvironmentIsNotReadBehindTheConfig(t *testing.T) {
	for name, value := range map[string]string{
		"VAULT_ADDR": "http://127.0.0.1:1", "VAULT_AGENT_ADDR": "http://127.0.0.1:1", "VAULT_TOKEN": "from-environment",
		"VAULT_NAMESPACE": "from-environment", "VAULT_HEADERS": `{"X-Extra": "from-environment"}`, "VAULT_WRAP_TTL": "60s",
	} {
		t.Setenv(name, value)
	}
	var seen http.Header
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = r.Header
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()

	for _, cfg := range []Config{
		{Address: server.URL},
		{Address: server.URL, Token: secrets.NewText("mine"), Namespace: "ns1"},
	} {
		s, err := New(cfg, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.ask(t.Context(), request{kind: sources.Secret, path: "secret/app"}); err != nil {
			t.Fatal(err)
		}
		if got := seen.Get("X-Vault-Token"); got != cfg.Token.Reveal() {
			t.Errorf("token is %q, want %q", got, cfg.Token.Reveal())
		}
		if got := seen.Get("X-Vault-Namespace"); got != cfg.Namespace {
			t.Errorf("namespace is %q, want %q", got, cfg.Namespace)
		}
		if seen.Get("X-Extra") != "" || seen.Get("X-Vault-Wrap-TTL") != "" || seen.Get("X-Vault-Request") != "true" {
			t.Errorf("headers are %v", seen)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestMessagesBecomeOneLine(t *testing.T) {
	got := flatten([]string{"2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n", "permission denied"})
	if want := "permission denied, invalid token"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
