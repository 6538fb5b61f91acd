package compat

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"concierge/internal/testserver"
)

// once renders a template with both programs and requires that both end well.
func once(t *testing.T, f *fixture, template string, env ...string) (reference, candidate outcome) {
	t.Helper()
	c := &testCase{files: []txtar.File{{Name: "in.tmpl", Data: []byte(template)}}, env: env}
	reference, candidate = c.runBoth(t, f, pair(t, false))
	for _, o := range []outcome{reference, candidate} {
		if o.status != 0 {
			t.Fatalf("ended with %d and said:\n%s", o.status, o.log)
		}
	}
	if !itself(t) {
		keptFromTheWorld(t, reference, candidate, []string{"out"})
	}
	return reference, candidate
}

// seededVault returns shared servers of which Vault has the fixture's data.
func seededVault(t *testing.T) *fixture {
	t.Helper()
	f := servers(t)
	vaultSeeded.Do(func() { f.seedVault(t) })
	return f
}

// answer asks Vault and decodes the answer's data.
func answer[T any](t *testing.T, f *fixture, method, path string, body string) T {
	t.Helper()
	var a struct{ Data T }
	if err := json.Unmarshal(f.vaultCall(t, method, path, []byte(body)), &a); err != nil {
		t.Fatal(err)
	}
	return a.Data
}

func TestSecretWithParametersWrites(t *testing.T) {
	f := seededVault(t)
	path := strings.TrimSuffix(testserver.Prefix(t), "/")
	once(t, f, `{{ with secret (printf "secret/%s/%s" (env "UNDER") (env "SIDE")) "a=1" " b = x=y " }}version {{ .Data.version }}{{ end }}
{{ secret (printf "kv/%s/%s" (env "UNDER") (env "SIDE")) "c=2" }}`, "UNDER="+path)
	type two struct {
		Data     map[string]string
		Metadata struct{ Version int }
	}
	for _, side := range []string{"reference", "candidate"} {
		got := answer[two](t, f, http.MethodGet, "secret/data/"+path+"/"+side, "")
		if fmt.Sprint(got) != "{map[a:1 b:x=y] {1}}" {
			t.Errorf("%s wrote %v", side, got)
		}
		if got := answer[map[string]string](t, f, http.MethodGet, "kv/"+path+"/"+side, ""); fmt.Sprint(got) != "map[c:2]" {
			t.Errorf("%s wrote %v", side, got)
		}
	}
}

// TestWritesAreNotRepeated is the row writes-are-not-repeated: to
// consul-template a write without a lease is one to do again and again.
func TestWritesAreNotRepeated(t *testing.T) {
	d := &duel{t: t, f: seededVault(t)}
	path := strings.TrimSuffix(testserver.Prefix(t), "/")
	d.start(`vault { default_lease_duration = "1s" }
template { contents = "{{ with secret (printf \"secret/` + path + `/%s\" (env \"SIDE\")) \"a=1\" }}{{ .Data.version }}{{ end }}\n" destination = "out" }`)
	version := func(side string) int {
		type metadata struct {
			Current int `json:"current_version"`
		}
		return answer[metadata](t, d.f, http.MethodGet, "secret/metadata/"+path+"/"+side, "").Current
	}
	for _, s := range d.sides {
		eventually(t, func() error {
			if s.read("out") == "" {
				return fmt.Errorf("the %s wrote nothing", s.name)
			}
			return nil
		})
	}
	eventually(t, func() error {
		if n := version("reference"); n < 3 {
			return fmt.Errorf("consul-template wrote %d times", n)
		}
		return nil
	})
	if n := version("candidate"); n != 1 && !itself(t) {
		t.Errorf("the candidate wrote %d times", n)
	}
}

func TestSecretIsReadAgain(t *testing.T) {
	d := &duel{t: t, f: seededVault(t)}
	path := strings.TrimSuffix(testserver.Prefix(t), "/")
	write := func(value string) {
		d.f.vaultCall(t, http.MethodPost, "secret/data/"+path, []byte(`{"data": {"v": "`+value+`"}}`))
	}
	write("v0")
	d.start(`vault { default_lease_duration = "1s" }
template { contents = "{{ with secret \"secret/` + path + `\" }}{{ .Data.data.v }}{{ end }}\n" destination = "out" command = "cat out >> renders" }`)
	d.await("renders", "v0")
	write("v1")
	d.await("renders", "v1")
	d.noMore("renders", "v", 2)
}

func TestWrappedTokenIsUnwrapped(t *testing.T) {
	f := seededVault(t)
	raw, document := f.wrapped(t)
	for name, tokens := range map[string]func() string{"token": raw, "document": document} {
		t.Run(name, func(t *testing.T) {
			c := &testCase{
				files: []txtar.File{{Name: "in.tmpl", Data: []byte(`{{ with secret "kv/app" }}{{ .Data.username }}{{ end }}`)}},
				args:  []string{"-vault-unwrap-token"},
			}
			for _, p := range pair(t, false) {
				// A wrapped token is good for one use.
				c.env = []string{"VAULT_TOKEN=" + tokens()}
				if o := c.run(t, f, p); o.status != 0 || o.files["out"].text != "app" {
					t.Errorf("the %s ended with %d and left %q:\n%s", p.name, o.status, o.files["out"].text, o.log)
				}
				if o := c.run(t, f, p); o.status != 14 {
					t.Errorf("the %s ended with %d on a token that was used before, want 14", p.name, o.status)
				}
			}
		})
	}
}

// wrapped returns makers of wrapped tokens, as they are and as documents.
func (f *fixture) wrapped(t *testing.T) (token, document func() string) {
	t.Helper()
	document = func() string {
		req, err := http.NewRequest(http.MethodPost, f.vault.URL()+"/v1/auth/token/create", strings.NewReader(`{"policies": ["reader"]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("X-Vault-Token", f.vault.Token)
		req.Header.Set("X-Vault-Wrap-TTL", "5m")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var info struct {
			Wrap json.RawMessage `json:"wrap_info"`
		}
		if err := json.NewDecoder(resp.Body).Decode(&info); err != nil {
			t.Fatal(err)
		}
		return string(info.Wrap)
	}
	return func() string {
		var info struct{ Token string }
		if err := json.Unmarshal([]byte(document()), &info); err != nil {
			t.Fatal(err)
		}
		return info.Token
	}, document
}

func TestOwnTokenIsRenewed(t *testing.T) {
	d := &duel{t: t, f: seededVault(t)}
	token := "renewed-" + strings.TrimSuffix(testserver.Prefix(t), "/") + "-"
	sides := []string{"reference", "candidate"}
	for _, side := range sides {
		d.f.vaultCall(t, http.MethodPost, "auth/token/create",
			[]byte(`{"id": "`+token+side+`", "policies": ["reader", "default"], "ttl": "6s", "renewable": true}`))
	}
	d.start(`template { contents = "{{ with secret \"kv/app\" }}{{ .Data.username }}{{ end }}\n" destination = "out" }`,
		"VAULT_RENEW_TOKEN=true", "VAULT_TOKEN="+token+"$SIDE")
	d.await("out", "app")
	type lookup struct {
		Renewed int64 `json:"last_renewal_time"`
		TTL     int
	}
	for _, side := range sides {
		eventually(t, func() error {
			text, err := request(http.MethodPost, d.f.vault.URL()+"/v1/auth/token/lookup", d.f.vault.Token, []byte(`{"token": "`+token+side+`"}`))
			if err != nil {
				return err
			}
			var got struct{ Data lookup }
			if err := json.Unmarshal(text, &got); err != nil || got.Data.Renewed == 0 {
				return fmt.Errorf("the %s's token was not renewed (%v)", side, err)
			}
			return nil
		})
	}
}
