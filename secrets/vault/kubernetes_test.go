package vault_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/secrets/vault"
)

// kubernetes is a Vault with the Kubernetes method, and a server that only
// pretends to be Kubernetes: it accepts every service account.
type kubernetes struct {
	admin
	server *testserver.Server
}

func newKubernetes(t *testing.T) *kubernetes {
	t.Helper()
	const plugin = "vault-plugin-auth-kubernetes"
	k := &kubernetes{server: testserver.NewVault(t, testserver.VaultOptions{Plugins: []string{plugin}})}
	k.admin = administer(t, k.server)
	reviews := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":
			{"authenticated":true,"user":{"username":"system:serviceaccount:default:app","uid":"1"}}}`))
	}))
	t.Cleanup(reviews.Close)
	k.write("sys/auth/cluster", map[string]any{"type": plugin})
	k.write("auth/cluster/config", map[string]any{"kubernetes_host": reviews.URL, "disable_local_ca_jwt": true, "disable_iss_validation": true})
	return k
}

// role lets the service account read everything below kv/.
func (k *kubernetes) role(name, ttl, longest string) {
	k.t.Helper()
	if err := k.client.Sys().PutPolicy("app", `path "*" { capabilities = ["read", "update"] }`); err != nil {
		k.t.Fatal(err)
	}
	k.write("auth/cluster/role/"+name, map[string]any{
		"bound_service_account_names": "app", "bound_service_account_namespaces": "default",
		"token_ttl": ttl, "token_max_ttl": longest, "token_policies": "app",
	})
}

func (k *kubernetes) config(t *testing.T, role string) vault.Config {
	cfg := config(k.server)
	cfg.Token = secrets.Text{}
	cfg.Kubernetes = vault.Kubernetes{Role: role, Mount: "cluster", TokenFile: newTokenFile(t, serviceAccount(t)).path}
	return cfg
}

// serviceAccount is a token as Kubernetes gives it to a pod.
func serviceAccount(t *testing.T) secrets.Text {
	t.Helper()
	part := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signed := part(map[string]string{"alg": "ES256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": "test", "iat": time.Now().Add(-time.Hour).Unix(), "nbf": time.Now().Add(-time.Hour).Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{"namespace": "default", "serviceaccount": map[string]string{"name": "app", "uid": "1"}},
	})
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return secrets.NewText(signed + "." + base64.RawURLEncoding.EncodeToString(signature))
}

func TestServiceAccountLogsInAndAgainWhenItsTokenEnds(t *testing.T) {
	t.Parallel()
	k := newKubernetes(t)
	k.role("app", "2s", "5s")
	k.write("kv/a", map[string]any{"n": "1"})
	plain, lent := secret("kv/a"), write("auth/token/create", "ttl", "1h") // ends with the token that asks
	s, log := openLogged(t, k.config(t, "app"))
	f := follow(t, s, plain, lent)
	f.awaitField(plain, "n", "1")
	data, first := f.awaitNext(plain, nil), f.awaitNext(lent, nil)
	second := f.awaitNext(lent, first)
	if _, err := k.client.Auth().Token().Lookup(second.Auth.ClientToken); err != nil {
		t.Errorf("what was asked for with the new token is dead: %v", err)
	}
	if f.secret(plain) != data {
		t.Error("a secret without a lease was published again")
	}
	if n := strings.Count(log(), "logged in to vault"); n != 2 {
		t.Errorf("logged in %d times, want 2: %s", n, log())
	}
	k.write("kv/a", map[string]any{"n": "2"})
	f.awaitField(plain, "n", "2")
	for _, u := range f.all() {
		if u.Err != nil || len(u.Failed) > 0 {
			t.Errorf("outage: %v, failed: %v", u.Err, u.Failed)
		}
	}
}

func TestRevokedLoginIsNoticedByTheNextRefusal(t *testing.T) {
	t.Parallel()
	k := newKubernetes(t)
	k.role("app", "1h", "2h")
	k.write("kv/a", map[string]any{"n": "1"})
	q, who := secret("kv/a"), secret("auth/token/lookup-self")
	f := follow(t, open(t, k.config(t, "app")), q, who)
	f.awaitField(q, "n", "1")
	f.awaitValue(who)
	id, _ := fields(f.value(who))["id"].(string)
	k.write("auth/token/revoke", map[string]any{"token": id})
	k.write("kv/a", map[string]any{"n": "2"})
	f.awaitField(q, "n", "2")
}

func TestRefusedLoginFailsWithAHintAndHealsByItself(t *testing.T) {
	t.Parallel()
	k := newKubernetes(t)
	k.write("kv/a", map[string]any{"n": "1"})
	q := secret("kv/a")
	f := follow(t, open(t, k.config(t, "app")), q)
	if err := f.awaitFailed(q); !strings.Contains(err.Error(), "secrets.vault.kubernetes") || !strings.Contains(err.Error(), "role app") {
		t.Errorf("error %q has no hint", err)
	}
	k.role("app", "1h", "2h")
	f.awaitField(q, "n", "1")
}

func TestGivenTokenWinsOverTheServiceAccount(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	administer(t, server).put2(p+"a", map[string]any{"n": "1"})
	cfg := config(server)
	cfg.Kubernetes.Role = "nobody"
	q := secret("secret/" + p + "a")
	follow(t, open(t, cfg), q).awaitField(q, "n", "1")
}

func TestMissingServiceAccountNamesTheFile(t *testing.T) {
	t.Parallel()
	cfg := config(testserver.Vault(t))
	cfg.Token, cfg.Kubernetes = secrets.Text{}, vault.Kubernetes{Role: "app", TokenFile: t.TempDir() + "/none"}
	q := secret("secret/a")
	if err := follow(t, open(t, cfg), q).awaitFailed(q); !strings.Contains(err.Error(), cfg.Kubernetes.TokenFile) ||
		!strings.Contains(err.Error(), "secrets.vault.kubernetes.token_file") {
		t.Errorf("error %q does not name the file and the setting", err)
	}
}
