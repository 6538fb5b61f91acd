package compat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"concierge/internal/testserver"
)

// fixture is the servers with the data that the cases read. Nothing writes to
// that data once it is there.
type fixture struct {
	consul, vault *testserver.Server
}

// vaultSeeded makes the seeding of the shared Vault happen once.
var vaultSeeded sync.Once

// seeded returns servers with the data of testdata/fixture. The Consul is the
// test's own, since consul-template needs more connections than a client is
// granted by default.
func seeded(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{
		consul: testserver.NewConsul(t, testserver.ConsulOptions{HCL: []string{
			"limits { http_max_conns_per_client = 8000 }", "connect { enabled = true }", `node_name = "agent"`,
		}}),
		vault: testserver.Vault(t),
	}
	f.seedConsul(t)
	vaultSeeded.Do(func() { f.seedVault(t) })
	return f
}

// servers returns shared servers, for tests that write their own data.
func servers(t *testing.T) *fixture {
	t.Helper()
	return &fixture{testserver.Consul(t), testserver.Vault(t)}
}

// seedConsul writes testdata/fixture/kv.json and catalog.json.
func (f *fixture) seedConsul(t *testing.T) {
	t.Helper()
	var keys map[string]string
	load(t, "kv.json", &keys)
	for key, value := range keys {
		f.put(t, key, value)
	}
	call(t, http.MethodPut, f.consul.URL()+"/v1/kv/compat/flagged?flags=42", "", []byte("with flags"))
	var registrations []json.RawMessage
	load(t, "catalog.json", &registrations)
	for _, r := range registrations {
		call(t, http.MethodPut, f.consul.URL()+"/v1/catalog/register", "", r)
	}
}

// seedVault does the requests of testdata/fixture/vault.json in their order.
func (f *fixture) seedVault(t *testing.T) {
	t.Helper()
	var steps []struct {
		Method, Path string
		Body         json.RawMessage
	}
	load(t, "vault.json", &steps)
	for _, s := range steps {
		// A new KV engine of version 2 is busy for a moment.
		eventually(t, func() error {
			_, err := request(s.Method, f.vault.URL()+"/v1/"+s.Path, f.vault.Token, s.Body)
			return err
		})
	}
}

// put sets a key in Consul. An empty value is a value.
func (f *fixture) put(t *testing.T, key, value string) {
	t.Helper()
	call(t, http.MethodPut, f.consul.URL()+keyPath(key), "", []byte(value))
}

func (f *fixture) delete(t *testing.T, key string) {
	t.Helper()
	call(t, http.MethodDelete, f.consul.URL()+keyPath(key), "", nil)
}

func keyPath(key string) string { return (&url.URL{Path: "/v1/kv/" + key}).EscapedPath() }

// vaultCall does one request with the root token and returns the answer.
func (f *fixture) vaultCall(t *testing.T, method, path string, body []byte) []byte {
	t.Helper()
	return call(t, method, f.vault.URL()+"/v1/"+path, f.vault.Token, body)
}

func call(t *testing.T, method, url, token string, body []byte) []byte {
	t.Helper()
	answer, err := request(method, url, token, body)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func request(method, url, token string, body []byte) ([]byte, error) {
	req, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	if token != "" {
		req.Header.Set("X-Vault-Token", token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, url, resp.Status, answer)
	}
	return answer, err
}

// eventually repeats try until it succeeds.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	deadline := time.Now().Add(settleTimeout)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(pollEvery)
	}
}

func load(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "fixture", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
