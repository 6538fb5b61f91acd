package vault_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/internal/testserver"
	"concierge/secrets"
)

// tokenFile is a file that holds a token.
type tokenFile struct {
	t    *testing.T
	path string
}

func newTokenFile(t *testing.T, token secrets.Text) tokenFile {
	t.Helper()
	f := tokenFile{t, filepath.Join(t.TempDir(), "token")}
	f.put(token)
	return f
}

func (f tokenFile) put(token secrets.Text) {
	f.t.Helper()
	if err := os.WriteFile(f.path, []byte(token.Reveal()+"\n"), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

// token makes a token that may do anything, and returns its ID and accessor.
func (a admin) token(r api.TokenCreateRequest) (id secrets.Text, accessor string) {
	a.t.Helper()
	answer, err := a.client.Auth().Token().Create(&r)
	if err != nil {
		a.t.Fatal(err)
	}
	return secrets.NewText(answer.Auth.ClientToken), answer.Auth.Accessor
}

// wrapped makes a response-wrapping token with a token that may read in it.
func (a admin) wrapped(ttl string) *api.SecretWrapInfo {
	a.t.Helper()
	client, err := a.client.CloneWithHeaders()
	if err != nil {
		a.t.Fatal(err)
	}
	client.SetToken(a.client.Token())
	client.SetWrappingLookupFunc(func(string, string) string { return ttl })
	answer, err := client.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{"root"}})
	if err != nil {
		a.t.Fatal(err)
	}
	return answer.WrapInfo
}

func (a admin) ttl(accessor string) time.Duration {
	answer, err := a.client.Auth().Token().LookupAccessor(accessor)
	if err != nil {
		return 0
	}
	d, _ := answer.TokenTTL()
	return d
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s", what)
		}
	}
}

func TestTokenIsRenewedUnlessToldOtherwise(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"a", map[string]any{"n": "1"})
	q := secret("secret/" + p + "a")
	renewed, kept := a.token(api.TokenCreateRequest{TTL: "3s"})
	left, alone := a.token(api.TokenCreateRequest{TTL: "3s"})
	inFile, ofFile := a.token(api.TokenCreateRequest{TTL: "3s"})
	no := false
	with, without, file := config(server), config(server), config(server)
	with.Token, without.Token, without.RenewToken = renewed, left, &no
	file.Token, file.TokenFile = secrets.Text{}, newTokenFile(t, inFile).path
	follow(t, open(t, with), q).awaitField(q, "n", "1")
	follow(t, open(t, without), q).awaitField(q, "n", "1")
	follow(t, open(t, file), q).awaitField(q, "n", "1")
	await(t, "end of the tokens that nobody renews", func() bool { return a.ttl(alone) == 0 && a.ttl(ofFile) == 0 })
	await(t, "second renewal of the other one, when it is older than its life", func() bool {
		answer, err := a.client.Auth().Token().LookupAccessor(kept)
		if err != nil {
			t.Fatalf("the token that is to be renewed has ended: %v", err)
		}
		made, _ := answer.Data["creation_time"].(json.Number).Int64()
		return time.Since(time.Unix(made, 0)) > 6*time.Second
	})
}

func TestTokenThatCannotBeRenewedIsSaidOnceAndValuesStay(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"a", map[string]any{"n": "1"})
	q := secret("secret/" + p + "a")
	cfg := config(server)
	cfg.Token, _ = a.token(api.TokenCreateRequest{TTL: "1s", ExplicitMaxTTL: "2s"})
	s, log := openLogged(t, cfg)
	f := follow(t, s, q)
	f.awaitField(q, "n", "1")
	assertDenied(t, f.awaitFailed(q))
	f.awaitField(q, "n", "1")
	await(t, "word about it", func() bool { return strings.Contains(log(), "cannot be renewed any longer") })
	if n := strings.Count(log(), "level=ERROR"); n != 1 {
		t.Errorf("said %d times: %s", n, log())
	}
}

func TestWrappedTokenIsUnwrappedOnce(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"a", map[string]any{"n": "1"})
	x, y := secret("secret/"+p+"a"), secret("secret/"+p+"none")
	plain, info := a.wrapped("1m"), a.wrapped("1m")
	document, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	for _, given := range []string{plain.Token, string(document)} {
		cfg := config(server)
		cfg.Unwrap, cfg.Token = true, secrets.NewText(given)
		f := follow(t, open(t, cfg), x, y)
		f.awaitField(x, "n", "1")
		f.awaitAbsent(y)

		// Somebody else who uses it hears of a theft.
		s, log := openLogged(t, cfg)
		other := follow(t, s, x)
		err := other.awaitFailed(x)
		if text := err.Error(); !strings.Contains(text, "stolen") || !strings.Contains(text, "secrets.vault.token") {
			t.Errorf("error %q does not say so", text)
		}
		if strings.Contains(err.Error()+log(), given) {
			t.Errorf("the token is shown: %v %s", err, log())
		}
	}
}

func TestTokenThatIsNotWrappedIsSaidWithAHint(t *testing.T) {
	t.Parallel()
	server := testserver.Vault(t)
	cfg := config(server)
	cfg.Unwrap = true
	cfg.Token, _ = administer(t, server).token(api.TokenCreateRequest{})
	q := secret("secret/a")
	if err := follow(t, open(t, cfg), q).awaitFailed(q); !strings.Contains(err.Error(), "unwrap_token") {
		t.Errorf("error %q has no hint", err)
	}
}

func TestTokenFileMayHoldWrappedTokensInTurn(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	q := secret("secret/" + p + "a")
	file := newTokenFile(t, secrets.NewText(a.wrapped("1m").Token))
	cfg := config(server)
	cfg.Token, cfg.TokenFile, cfg.Unwrap = secrets.Text{}, file.path, true
	s, log := openLogged(t, cfg)
	f := follow(t, s, q)
	f.awaitAbsent(q)
	for n := range 3 {
		document, err := json.Marshal(a.wrapped("1m"))
		if err != nil {
			t.Fatal(err)
		}
		file.put(secrets.NewText(string(document)))
		await(t, "unwrapping", func() bool { return strings.Count(log(), "token unwrapped") == n+2 })
	}
}

func TestVanishedTokenFileKeepsTheTokenReadBefore(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"a", map[string]any{"n": "1"})
	q := secret("secret/" + p + "a")
	file := newTokenFile(t, secrets.NewText(server.Token))
	cfg := config(server)
	cfg.Token, cfg.TokenFile = secrets.Text{}, file.path
	s, log := openLogged(t, cfg)
	f := follow(t, s, q)
	f.awaitField(q, "n", "1")
	if err := os.Remove(file.path); err != nil {
		t.Fatal(err)
	}
	for _, n := range []string{"2", "3"} {
		a.put2(p+"a", map[string]any{"n": n})
		f.awaitField(q, "n", n)
	}
	if n := strings.Count(log(), "level=WARN"); n != 1 {
		t.Errorf("warned %d times: %s", n, log())
	}
	if n := f.errors(); n > 0 {
		t.Errorf("%d outages", n)
	}
}
