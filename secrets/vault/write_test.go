package vault_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/secrets/vault"
	"concierge/sources"
)

// write asks for a write of the pairs (name, value, name, value, …).
func write(path string, pairs ...string) sources.Query {
	params := make(url.Values)
	for i := 0; i < len(pairs); i += 2 {
		params.Set(pairs[i], pairs[i+1])
	}
	return sources.Query{Source: "vault", Kind: sources.SecretWrite, Path: path, Options: sources.Options{Params: params.Encode()}.Handle()}
}

// openLogged opens a source whose log can be read at any time.
func openLogged(t *testing.T, cfg vault.Config) (*vault.Source, func() string) {
	t.Helper()
	var log lockedBuffer
	s, err := vault.New(cfg, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, log.String
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// awaitValue waits for a value that exists.
func (f *follower) awaitValue(q sources.Query) sources.Value {
	f.t.Helper()
	f.await("value of "+q.String(), func() bool { return f.values[q].Exists })
	return f.value(q)
}

// awaitNext waits for a secret other than the given one.
func (f *follower) awaitNext(q sources.Query, before *sources.SecretData) *sources.SecretData {
	f.t.Helper()
	f.await("another value of "+q.String(), func() bool {
		d, ok := f.values[q].Data.(*sources.SecretData)
		return ok && d != before
	})
	return f.value(q).Data.(*sources.SecretData)
}

// version of a KV version 2 secret, as the server has it.
func (a admin) version(name string) json.Number {
	a.t.Helper()
	got, err := a.client.Logical().Read("secret/metadata/" + name)
	if err != nil || got == nil {
		a.t.Fatalf("metadata of %s: %v, %v", name, got, err)
	}
	n, _ := got.Data["current_version"].(json.Number)
	return n
}

func TestWriteToKVHappensOnce(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	v1, v2 := write("kv/"+p+"w", "a", "1", "b", "x=y"), write("secret/"+p+"w", "a", "1", "b", "x=y")
	api := write("secret/data/"+p+"w", "a", "1", "b", "x=y")
	other := secret("secret/" + p + "other")
	s, log := openLogged(t, config(server))
	f := follow(t, s, v1, v2, other)
	if v := f.awaitValue(v1); v.Data != nil {
		t.Errorf("a write to version 1 answers %#v, want nothing", v.Data)
	}
	if v := f.awaitValue(v2); !v.Tainted || v.Data.(*sources.SecretData).Data["version"] != json.Number("1") {
		t.Errorf("a write to version 2 answers %+v", v)
	}
	for q, path := range map[sources.Query]string{secret("kv/" + p + "w"): "kv", secret("secret/" + p + "w"): "secret"} {
		f.want(v1, v2, other, q)
		f.awaitField(q, "a", "1")
		f.awaitField(q, "b", "x=y")
		if len(fields(f.value(q))) != 2 {
			t.Errorf("%s holds %v", path, fields(f.value(q)))
		}
	}
	// Several refreshes pass, and the write is asked for anew meanwhile.
	for i := range 3 {
		f.want(other)
		a.put2(p+"other", map[string]any{"n": string(rune('a' + i))})
		f.awaitField(other, "n", string(rune('a'+i)))
		f.want(other, v1, v2)
	}
	if n := a.version(p + "w"); n != "1" {
		t.Errorf("written %s times", n)
	}
	f.want(api)
	f.awaitValue(api)
	if n := a.version(p + "w"); n != "2" {
		t.Errorf("version %s after another write, want 2", n)
	}
	if n := strings.Count(log(), "writes to vault"); n != 3 {
		t.Errorf("three writes are logged %d times: %s", n, log())
	}
}

func TestDifferentWritesAreNeverMerged(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"w", map[string]any{"n": "0"})
	one, two, same := write("secret/"+p+"w", "n", "1"), write("secret/"+p+"w", "n", "2"), write("/secret/"+p+"w/", "n", "1")
	f := follow(t, open(t, config(server)), one, two, same)
	for _, q := range []sources.Query{one, two, same} {
		f.awaitValue(q)
	}
	if n := a.version(p + "w"); n != "3" {
		t.Errorf("version %s after two different writes, want 3", n)
	}
}

func TestWrittenCredentialIsRenewedAndReplacedInTime(t *testing.T) {
	t.Parallel()
	server := testserver.Vault(t)
	a := administer(t, server)
	q := write("auth/token/create", "ttl", "2s", "explicit_max_ttl", "6s", "policies", "default", "no_parent", "true")
	begin := time.Now()
	f := follow(t, open(t, config(server)), q)
	first := f.awaitNext(q, nil)
	if first.Auth == nil || first.Auth.ClientToken == "" || !first.Auth.Renewable {
		t.Fatalf("answer is %+v", first)
	}
	second := f.awaitNext(q, first)
	if lived := time.Since(begin); lived < 3*time.Second {
		t.Errorf("replaced after %v, want it renewed beyond its 2 s", lived)
	}
	for i, s := range []*sources.SecretData{first, second} {
		if _, err := a.client.Auth().Token().Lookup(s.Auth.ClientToken); err != nil {
			t.Errorf("token %d is dead when the second one arrives: %v", i+1, err)
		}
	}
}

func TestAnswerWithoutAnEndIsWrittenOnceButByItsEndOtherwise(t *testing.T) {
	t.Parallel()
	server := testserver.NewVault(t, testserver.VaultOptions{})
	a := administer(t, server)
	a.write("sys/mounts/transit", map[string]any{"type": "transit"})
	a.write("transit/keys/k", nil)
	a.write("sys/auth/approle", map[string]any{"type": "approle"})
	a.write("auth/approle/role/short", map[string]any{"secret_id_ttl": "2s"})
	encrypted := write("transit/encrypt/k", "plaintext", "c2VjcmV0")
	limited := write("auth/approle/role/short/secret-id", "cidr_list", "")
	kept := write("auth/approle/role/short/secret-id-accessor/destroy", "secret_id_accessor", "none")
	f := follow(t, open(t, config(server)), encrypted, limited, kept)
	cipher, id := f.awaitNext(encrypted, nil), f.awaitNext(limited, nil)
	f.awaitNext(limited, id)
	if got := f.value(encrypted).Data; got != cipher {
		t.Errorf("the same text was encrypted again: %v, %v", got, cipher)
	}
}

func TestRefusedWriteShowsNoParameter(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	const hidden = "hunter2-never-shown"
	refused := write("auth/token/create", "ttl", hidden)
	denied := write("sys/policy/"+p, "policy", hidden)
	broken := refused
	broken.Options = sources.Options{Params: "a=" + hidden + "%zz"}.Handle()
	cfg := config(server)
	cfg.Token = administer(t, server).grant("writer", `path "auth/token/create" { capabilities = ["update"] }`)
	s, log := openLogged(t, cfg)
	f := follow(t, s, refused, denied, broken)
	for _, q := range []sources.Query{refused, denied, broken} {
		err := f.awaitFailed(q)
		if text := err.Error() + log() + q.String(); strings.Contains(text, hidden) {
			t.Errorf("shown: %s", text)
		}
	}
	if text := f.awaitFailed(refused).Error(); !strings.Contains(text, secrets.Redacted) || !strings.Contains(text, "auth/token/create") {
		t.Errorf("error %q does not say what is wrong", text)
	}
}
