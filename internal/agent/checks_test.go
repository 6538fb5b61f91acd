package agent_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/agent"
	"concierge/internal/exit"
	"concierge/internal/testserver"
)

// schemaFile writes a schema that wants port to be a number, and returns where.
func schemaFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port.schema.json")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRefusedVersionChangesNothingUntilItIsRight(t *testing.T) {
	path := schemaFile(t, `{"properties": {"port": {"type": "integer"}}}`)
	i := run(t, `
sources: {file: {path: DIR/kv.yaml}}
templates:
  - {contents: '{{ key "port" }}', destination: DIR/out, set: s}
  - {contents: '{"port": {{ key "port" }}}', destination: DIR/json, set: s, format: json, schema: '`+path+`'}
`+faithful)
	i.write("kv.yaml", "port: '80'")
	i.file("events", "start 80\n")

	i.write("kv.yaml", `port: "[1,\n2,"`)
	i.logged("check refused the new version: " + i.dir + "/json is not valid json, line 2, column 3: unexpected character looking for beginning of value" +
		" (invalid character '}' looking for beginning of value); see the template's format setting")
	i.write("kv.yaml", `port: '"81"'`)
	i.logged("check refused the new version: " + i.dir + "/json is not valid json: the rule /properties/port/type of the schema is not kept" +
		" (at /port: got string, want integer); see the template's schema setting")
	if i.read("out") != "80" || i.read("json") != `{"port": 80}` {
		t.Errorf("files were changed: %q and %q", i.read("out"), i.read("json"))
	}

	i.write("kv.yaml", "port: '82'")
	i.file("events", "start 80\nreload 82\n")
	i.file("json", `{"port": 82}`)
	i.signal(syscall.SIGTERM)
	i.wait()
	if refused := strings.Count(i.log.String(), "check refused"); refused != 2 {
		t.Errorf("%d log lines for 2 refusals:\n%s", refused, i.log)
	}
}

func TestCheckOfASecretFileTellsNothingOfIt(t *testing.T) {
	server := testserver.Vault(t)
	const password = "tr0ub4dor-and-3"
	putSecret(t, server, "checked", "password", password)
	path := schemaFile(t, `{"properties": {"p": {"pattern": "^[a-z]*$"}}}`)
	i := run(t, `
log: {level: debug}
sources: {file: {path: DIR}}
secrets: {vault: {address: '`+server.URL()+`', token: '`+server.Token+`'}}
templates:
  - {contents: '{{ with secret "secret/checked" }}"{{ .Data.data.password | base64Encode }}": *{{ .Data.data.password | toUpper }}{{ end }}', destination: DIR/yaml, format: yaml}
  - {contents: '{{ with secret "secret/checked" }}a = {{ .Data.data.password | toUpper }}{{ end }}', destination: DIR/toml, format: toml}
  - {contents: '{{ with secret "secret/checked" }}<{{ .Data.data.password | toUpper }}>{{ end }}', destination: DIR/xml, format: xml}
  - {contents: '{{ with secret "secret/checked" }}{"p": "{{ .Data.data.password | toUpper }}"}{{ end }}', destination: DIR/json, format: json, schema: '`+path+`'}
`)
	for _, want := range []string{
		"DIR/yaml is not valid yaml: an alias of something that does not exist; see",
		"DIR/toml is not valid toml, line 1, column 5: syntax error; see",
		"DIR/xml is not valid xml, line 1, column 18: syntax error; see",
		"DIR/json is not valid json: the rule /properties/p/pattern of the schema is not kept; see",
	} {
		i.logged(strings.Replace(want, "DIR", i.dir, 1))
	}
	i.signal(syscall.SIGTERM)
	i.wait()
	for _, part := range []string{password, "TR0UB4DOR", "dHIwdWI0"} {
		if strings.Contains(i.log.String(), part) {
			t.Errorf("the log tells %q:\n%s", part, i.log)
		}
	}
}

// issue makes a certificate of its own that is valid until then, and its key.
func issue(t *testing.T, until time.Time) (certificate, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}

func TestCertificateAndKeyOfASetMustBelongTogether(t *testing.T) {
	i := run(t, `
sources: {file: {path: DIR/kv.json}}
templates:
  - {contents: '{{ key "certificate" }}', destination: DIR/tls.crt, set: tls, format: pem-pair}
  - {contents: '{{ key "key" }}', destination: DIR/tls.key, set: tls, format: pem-pair}
`)
	set := func(certificate, key string) {
		t.Helper()
		b, err := json.Marshal(map[string]string{"certificate": certificate, "key": key})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(i.dir, "kv.json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	certificate, key := issue(t, time.Now().Add(time.Hour))
	set(certificate, key)
	i.file("tls.crt", certificate)
	i.file("tls.key", key)

	next, nextKey := issue(t, time.Now().Add(time.Hour))
	set(next, key) // half of a change
	i.logged("not valid pem-pair: the private key does not belong to the certificate")
	old, oldKey := issue(t, time.Now().Add(-time.Hour))
	set(old, oldKey)
	i.logged("not valid pem-pair: the certificate expired at ")
	if i.read("tls.crt") != certificate || i.read("tls.key") != key {
		t.Error("a refused pair was put in place")
	}
	set(next, nextKey)
	i.file("tls.key", nextKey)
	i.file("tls.crt", next)
}

func TestUnusableSchemaIsAConfigurationError(t *testing.T) {
	for name, text := range map[string]string{
		"no JSON": "{", "no schema": `{"type": 5}`, "elsewhere": `{"$ref": "https://127.0.0.1:1/other.json"}`,
	} {
		dir := t.TempDir()
		yaml := "sources: {file: {path: kv}}\ntemplates: [{contents: x, destination: out, format: json, schema: '" + schemaFile(t, text) + "'}]\n"
		if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := load(dir, false)()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := agent.Validate(cfg, nil); exit.Code(err) != exit.Config || !strings.Contains(err.Error(), "see the schema setting") {
			t.Errorf("%s: status %d, %v", name, exit.Code(err), err)
		}
	}
}

func TestReloadWithAnUnusableSchemaKeepsTheOldOne(t *testing.T) {
	path := schemaFile(t, `{"type": "integer"}`)
	i := run(t, `
sources: {file: {path: DIR/kv.yaml}}
templates: [{contents: '{{ key "a" }}', destination: DIR/out, format: json, schema: '`+path+`'}]
`)
	i.write("kv.yaml", "a: '1'")
	i.file("out", "1")
	rewrite := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		i.signal(syscall.SIGHUP)
	}
	rewrite("{")
	i.logged("configuration was not reloaded, the previous one stays")
	i.write("kv.yaml", "a: '\"text\"'")
	i.logged("the rule /type of the schema is not kept")
	rewrite(`{"type": "string"}`)
	i.file("out", `"text"`)
}
