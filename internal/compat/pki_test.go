package compat

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// pkiTemplate shows all that pkiCert gives, marked so that it is found again.
const pkiTemplate = `{{ with pkiCert "pki/issue/web" "common_name=a.example.org" "ttl=1h" -}}
cert<{{ .Cert }}>
key<{{ .Key }}>
ca<{{ .CA }}>
chain{{ range .CAChain }}<{{ . }}>{{ end }}
data<{{ .Data.Cert }}>
{{- end }}
`

func TestPKICertHasTheSameForm(t *testing.T) {
	f := seededVault(t)
	reference, candidate := once(t, f, pkiTemplate)
	a, b := reference.files["out"].text, candidate.files["out"].text
	if diff := difference(withoutPEM(reference), withoutPEM(candidate)); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{a, b} {
		certificate := between(text, "cert<", ">")
		if between(text, "data<", ">") != certificate {
			t.Errorf("Data is not the certificate itself:\n%s", text)
		}
		requirePair(t, certificate, between(text, "key<", ">"), between(text, "ca<", ">"), "a.example.org")
	}
}

func TestIssuedSecretHasTheSameForm(t *testing.T) {
	f := seededVault(t)
	reference, candidate := once(t, f, `{{ with secret "pki/issue/web" "common_name=b.example.org" "ttl=1h" -}}
cert<{{ .Data.certificate }}>
key<{{ .Data.private_key }}>
ca<{{ .Data.issuing_ca }}>
{{ range $k, $v := .Data }}{{ $k }} {{ end }}{{ .Data.private_key_type }} {{ .LeaseDuration }} {{ .Renewable }} [{{ .LeaseID }}]
{{- end }}
`)
	if diff := difference(withoutPEM(reference), withoutPEM(candidate)); diff != "" {
		t.Error(diff)
	}
	text := candidate.files["out"].text
	requirePair(t, between(text, "cert<", ">"), between(text, "key<", ">"), between(text, "ca<", ">"), "b.example.org")
}

// TestPKICertIsUsedAgain starts with the output of a run before, which holds a
// good pair: nothing may be issued, so the file stays as it is.
func TestPKICertIsUsedAgain(t *testing.T) {
	f := seededVault(t)
	first, _ := once(t, f, pkiTemplate)
	c := &testCase{files: []txtar.File{
		{Name: "in.tmpl", Data: []byte(pkiTemplate)}, {Name: "out", Data: []byte(first.files["out"].text)},
	}}
	for _, p := range pair(t, false) {
		if o := c.run(t, f, p); o.status != 0 || o.files["out"].text != first.files["out"].text {
			t.Errorf("the %s ended with %d and issued again:\n%s\n%s", p.name, o.status, withoutPEM(o), o.log)
		}
	}
}

// TestPKICertsWithOtherParametersAreOthers is the row
// pki-parameters-are-heeded: to consul-template all certificates of a role in a
// template are one.
func TestPKICertsWithOtherParametersAreOthers(t *testing.T) {
	f := seededVault(t)
	reference, candidate := once(t, f, `{{ with pkiCert "pki/issue/web" "common_name=one.example.org" }}one<{{ .Cert }}>{{ end }}
{{ with pkiCert "pki/issue/web" "common_name=two.example.org" }}two<{{ .Cert }}>{{ end }}
`)
	name := func(o outcome, mark string) string {
		return parse(t, between(o.files["out"].text, mark+"<", ">")).Subject.CommonName
	}
	if one, two := name(reference, "one"), name(reference, "two"); one != two {
		t.Errorf("consul-template gives %s and %s: is the row out of date?", one, two)
	}
	if itself(t) {
		return
	}
	if one, two := name(candidate, "one"), name(candidate, "two"); one != "one.example.org" || two != "two.example.org" {
		t.Errorf("the candidate gives %s and %s", one, two)
	}
}

// withoutPEM hides what is random in a certificate and shows its frame.
func withoutPEM(o outcome) outcome {
	hidden := regexp.MustCompile(`(-----BEGIN [A-Z ]+-----)[^-]+(-----END)`)
	number := regexp.MustCompile(`([0-9a-f]{2}:){12,}[0-9a-f]{2}`)
	files := make(map[string]leftover)
	for name, left := range o.files {
		left.text = number.ReplaceAllString(hidden.ReplaceAllString(left.text, "$1 … $2"), "…")
		files[name] = left
	}
	o.files = files
	return o
}

func between(text, begin, end string) string {
	_, rest, _ := strings.Cut(text, begin)
	inside, _, _ := strings.Cut(rest, end)
	return inside
}

// requirePair requires a key that fits its certificate, which the authority
// signed for the name.
func requirePair(t *testing.T, certificate, key, authority, name string) {
	t.Helper()
	if _, err := tls.X509KeyPair([]byte(certificate), []byte(key)); err != nil {
		t.Errorf("certificate and key: %v", err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parse(t, authority))
	if _, err := parse(t, certificate).Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
		t.Error(err)
	}
}

func parse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		t.Fatalf("no certificate in %q", text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}
