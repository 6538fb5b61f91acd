package vault_test

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/secrets/vault"
	"concierge/sources"
)

func assertDenied(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, sources.ErrDenied) {
		t.Errorf("error is %v, want one of permission", err)
	}
	if !strings.Contains(err.Error(), "secrets.vault.token") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has no hint, or several lines", err)
	}
}

func TestDeniedPathFailsAloneAndNothingIsAbsent(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	for _, path := range []string{"open/a", "closed/a"} {
		a.put2(p+path, map[string]any{"n": "1"})
		a.write("kv/"+p+path, map[string]any{"n": "1"})
	}
	cfg := config(server)
	cfg.Token = a.grant("denied-path", `path "secret/data/`+p+`open/*" { capabilities = ["read"] }`+"\n"+
		`path "kv/`+p+`open/*" { capabilities = ["read"] }`)
	allowed := []sources.Query{secret("secret/" + p + "open/a"), secret("kv/" + p + "open/a")}
	denied := []sources.Query{
		secret("secret/" + p + "closed/a"), secret("secret/" + p + "closed/none"), names("secret/" + p),
		secret("kv/" + p + "closed/a"), secret("nowhere/a"),
	}
	f := follow(t, open(t, cfg), append(allowed, denied...)...)
	for _, q := range allowed {
		f.awaitField(q, "n", "1")
	}
	for _, q := range denied {
		assertDenied(t, f.awaitFailed(q))
		if v, known := f.values[q]; known {
			t.Errorf("%s is answered, exists: %v", q, v.Exists)
		}
	}
	if n := f.errors(); n > 0 {
		t.Errorf("%d outages reported", n)
	}
}

func TestWrongTokenIsDeniedUntilTheFileHoldsAGoodOne(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	administer(t, server).put2(p+"a", map[string]any{"n": "1"})
	const wrong = "hvs.wrong-token-of-a-test"
	file := filepath.Join(t.TempDir(), "token")
	rotate := func(token string) {
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rotate(wrong)
	var logged bytes.Buffer
	cfg := config(server)
	cfg.Token, cfg.TokenFile = secrets.Text{}, file
	s, err := vault.New(cfg, slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	q := secret("secret/" + p + "a")
	f := follow(t, s, q)
	err = f.awaitFailed(q)
	assertDenied(t, err)
	if strings.Contains(err.Error()+logged.String(), wrong) {
		t.Errorf("the token is shown: %v %s", err, logged.String())
	}
	rotate(server.Token)
	f.awaitField(q, "n", "1")
	if warnings := strings.Count(logged.String(), "level=WARN"); warnings > 1 {
		t.Errorf("warned %d times: %s", warnings, logged.String())
	}
}

func TestRotatedTokenIsUsedAtTheNextRead(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"a", map[string]any{"n": "1"})
	policy := `path "secret/data/` + p + `*" { capabilities = ["read"] }`
	file := filepath.Join(t.TempDir(), "token")
	first, second := a.grant("rotated", policy), a.grant("rotated", policy)
	if err := os.WriteFile(file, []byte(first.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := config(server)
	cfg.Token, cfg.TokenFile = secrets.Text{}, file
	q := secret("secret/" + p + "a")
	f := follow(t, open(t, cfg), q)
	f.awaitField(q, "n", "1")

	if err := os.WriteFile(file, []byte(second.Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	a.write("auth/token/revoke", map[string]any{"token": first.Reveal()})
	a.put2(p+"a", map[string]any{"n": "2"})
	f.awaitField(q, "n", "2")
}

func TestMissingTokenFileIsAnOutageThatNamesTheFile(t *testing.T) {
	t.Parallel()
	server := testserver.Vault(t)
	cfg := config(server)
	cfg.Token, cfg.TokenFile = secrets.Text{}, filepath.Join(t.TempDir(), "token")
	f := follow(t, open(t, cfg), secret("secret/"+testserver.Prefix(t)+"a"))
	f.awaitAway()
	if text := f.all()[0].Err.Error(); !strings.Contains(text, cfg.TokenFile) {
		t.Errorf("error %q does not name the file", text)
	}
	if err := os.WriteFile(cfg.TokenFile, []byte(server.Token), 0o600); err != nil {
		t.Fatal(err)
	}
	f.awaitBack()
}

func TestStoppedServerIsOneOutageAndNoAbsence(t *testing.T) {
	t.Parallel()
	server := testserver.NewVault(t, testserver.VaultOptions{})
	a := administer(t, server)
	a.put2("a", map[string]any{"n": "1"})
	a.write("kv/b", map[string]any{"n": "1"})
	x, y, late := secret("secret/a"), secret("kv/b"), secret("secret/late")
	f := follow(t, open(t, config(server)), x, y)
	f.awaitField(x, "n", "1")
	f.awaitField(y, "n", "1")

	server.Stop()
	f.awaitAway()
	f.want(x, y, late)
	server.Start()
	f.awaitBack()
	f.awaitAbsent(late)
	a.put2("a", map[string]any{"n": "2"})
	f.awaitField(x, "n", "2")
	assertCalm(t, f, late)
}

func TestSealedServerIsOneOutageAndNoAbsence(t *testing.T) {
	t.Parallel()
	server := testserver.NewVault(t, testserver.VaultOptions{})
	a := administer(t, server)
	a.put2("a", map[string]any{"n": "1"})
	x := secret("secret/a")
	f := follow(t, open(t, config(server)), x)
	f.awaitField(x, "n", "1")
	if err := a.client.Sys().Seal(); err != nil {
		t.Fatal(err)
	}
	f.awaitAway()
	server.Stop()
	server.Start()
	f.awaitBack()
	a.put2("a", map[string]any{"n": "2"})
	f.awaitField(x, "n", "2")
	assertCalm(t, f)
}

// assertCalm wants one outage, and no absence but of the given queries.
func assertCalm(t *testing.T, f *follower, absent ...sources.Query) {
	t.Helper()
	if n := f.errors(); n != 1 {
		t.Errorf("%d outages reported, want 1", n)
	}
	for _, u := range f.all() {
		for q, v := range u.Values {
			if !v.Exists && (len(absent) == 0 || q != absent[0]) {
				t.Errorf("%s reported absent", q)
			}
		}
		if len(u.Failed) > 0 {
			t.Errorf("failed: %v", u.Failed)
		}
	}
}

func TestServerThatIsNotThereIsAnOutageWithAHint(t *testing.T) {
	t.Parallel()
	f := follow(t, open(t, vault.Config{Address: "http://127.0.0.1:1"}), secret("secret/a"), secret("kv/b"))
	f.awaitAway()
	if text := f.all()[0].Err.Error(); !strings.Contains(text, "VAULT_ADDR") {
		t.Errorf("error %q has no hint", text)
	}
}

func TestQueriesForOtherStoresFail(t *testing.T) {
	t.Parallel()
	q := sources.Query{Source: "vault", Kind: sources.Key, Path: "x"}
	empty := secret("/")
	f := follow(t, open(t, config(testserver.Vault(t))), q, empty)
	for _, q := range []sources.Query{q, empty} {
		if err := f.awaitFailed(q); err == nil {
			t.Error("no error")
		}
	}
}
