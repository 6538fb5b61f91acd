package vault_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/sources"
)

// authority is a Vault with a root and an intermediate authority, whose role
// "any" issues for every name.
type authority struct {
	admin
	server *testserver.Server
	mount  string // of the intermediate authority
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	server := testserver.Vault(t)
	a := &authority{admin: administer(t, server), server: server, mount: "pki-" + strings.Trim(strings.ToLower(testserver.Prefix(t)), "/")}
	root := a.mount + "-root"
	for _, m := range []string{root, a.mount} {
		a.write("sys/mounts/"+m, map[string]any{"type": "pki", "config": map[string]any{"max_lease_ttl": "87600h"}})
		t.Cleanup(func() { a.delete("sys/mounts/" + m) })
	}
	a.write(root+"/root/generate/internal", map[string]any{"common_name": "root", "ttl": "8760h", "key_type": "ec"})
	csr := a.write(a.mount+"/intermediate/generate/internal", map[string]any{"common_name": "intermediate", "key_type": "ec"})
	signed := a.write(root+"/root/sign-intermediate", map[string]any{"csr": csr.Data["csr"], "common_name": "intermediate", "ttl": "4380h"})
	chain := signed.Data["certificate"].(string) + "\n" + signed.Data["issuing_ca"].(string)
	a.write(a.mount+"/intermediate/set-signed", map[string]any{"certificate": chain})
	a.write(a.mount+"/roles/any", map[string]any{"allow_any_name": true, "enforce_hostnames": false, "key_type": "ec", "max_ttl": "720h", "allowed_uri_sans": "*"})
	return a
}

// cert asks for a certificate that the file may hold.
func (a *authority) cert(file string, pairs ...string) sources.Query {
	q := write(a.mount+"/issue/any", pairs...)
	q.Kind = sources.PKICertificate
	if file != "" {
		params := q.Opts().Params + "&" + url.Values{sources.ParamFile: {file}}.Encode()
		q.Options = sources.Options{Params: params}.Handle()
	}
	return q
}

// certificate asks a source of its own, as a new process would.
func (a *authority) certificate(q sources.Query) *sources.Certificate {
	a.t.Helper()
	return follow(a.t, open(a.t, config(a.server)), q).awaitCertificate(q, nil)
}

func (f *follower) awaitCertificate(q sources.Query, before *sources.Certificate) *sources.Certificate {
	f.t.Helper()
	f.await("certificate", func() bool {
		c, ok := f.values[q].Data.(*sources.Certificate)
		return ok && c != before
	})
	if !f.value(q).Tainted {
		f.t.Error("a certificate with its key is not tainted")
	}
	return f.value(q).Data.(*sources.Certificate)
}

// leaf reads the certificate and wants its key to match.
func leaf(t *testing.T, c *sources.Certificate) *x509.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair([]byte(c.Cert), []byte(c.Key))
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestIssuedCertificateHasTheFieldsOfConsulTemplate(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	c := a.certificate(a.cert("", "common_name", "app.example.org", "ttl", "1h"))
	if names := leaf(t, c).DNSNames; len(names) != 1 || names[0] != "app.example.org" {
		t.Errorf("names are %v", names)
	}
	if len(c.CAChain) != 2 || c.CA != c.CAChain[0] || c.CAChain[0] == c.CAChain[1] {
		t.Fatalf("chain has %d authorities, CA is the first: %v", len(c.CAChain), c.CA == c.CAChain[0])
	}
	for i, name := range []string{"intermediate", "root"} {
		block, rest := pem.Decode([]byte(c.CAChain[i]))
		parsed, err := x509.ParseCertificate(block.Bytes)
		if err != nil || len(rest) > 0 || parsed.Subject.CommonName != name {
			t.Errorf("authority %d is %v, %v", i, parsed.Subject, err)
		}
	}
	for _, text := range []string{c.Cert, c.Key, c.CA} {
		if !strings.HasPrefix(text, "-----BEGIN ") || !strings.HasSuffix(text, "-----\n") || strings.Contains(text, "\n\n") {
			t.Errorf("form is %q", text)
		}
	}
}

func TestGoodCertificateInTheFileIsUsedAgain(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for name, layout := range map[string]func(c *sources.Certificate) string{
		"plain": func(c *sources.Certificate) string { return c.Cert + c.CA + c.Key },
		"others": func(c *sources.Certificate) string {
			return "# made for HAProxy\n" + c.Key + "\njunk " + c.Cert + c.CA + "the end"
		},
		"indents": func(c *sources.Certificate) string {
			return "key: |\n  " + strings.ReplaceAll(c.Key+c.Cert, "\n", "\n  ")
		},
		"one line": func(c *sources.Certificate) string {
			return `{"k":"` + strings.ReplaceAll(c.Key, "\n", `\n`) + `","c":"` + strings.ReplaceAll(c.Cert, "\n", `\n`) + `"}`
		},
		"parameters of Diffie and Hellman": func(c *sources.Certificate) string {
			return c.Cert + c.Key + "-----BEGIN DH PARAMETERS-----\nMAYCAQMCAQI=\n-----END DH PARAMETERS-----\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
		},
	} {
		file := filepath.Join(t.TempDir(), "pair.pem")
		q := a.cert(file, "common_name", "app.example.org", "alt_names", "b.example.org,A.example.org,me@example.org", "ip_sans", "127.0.0.1, ::1",
			"uri_sans", "spiffe://x/y", "ttl", "1h")
		first := a.certificate(q)
		writeFile(t, file, layout(first))
		if second := a.certificate(q); second.Cert != first.Cert || second.Key != first.Key {
			t.Errorf("%s: another certificate was issued", name)
		}
	}
}

func TestCertificateInTheFileThatDoesNotFitIsReplaced(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	file := filepath.Join(t.TempDir(), "pair.pem")
	base := []string{"common_name", "app.example.org", "alt_names", "a.example.org,b.example.org", "ip_sans", "127.0.0.1"}
	first := a.certificate(a.cert(file, base...))
	other := a.certificate(a.cert("", base...))
	good := first.Cert + first.Key
	with := func(name, value string) []string { return append(base[:len(base):len(base)], name, value) }
	for name, c := range map[string]struct {
		text   string
		params []string
	}{
		"other name":          {good, with("common_name", "c.example.org")},
		"more names":          {good, with("alt_names", "a.example.org,b.example.org,c.example.org")},
		"fewer names":         {good, with("alt_names", "a.example.org")},
		"other address":       {good, with("ip_sans", "127.0.0.2")},
		"a URI":               {good, with("uri_sans", "spiffe://x/y")},
		"key of another one":  {first.Cert + other.Key, base},
		"no key":              {first.Cert, base},
		"no certificate":      {first.Key, base},
		"authority alone":     {first.CA + first.Key, base},
		"nothing":             {"", base},
		"cut":                 {good[:len(good)-40], base},
		"blocks without ends": {strings.Repeat("-----BEGIN CERTIFICATE-----\n", 100), base},
	} {
		writeFile(t, file, c.text)
		got := a.certificate(a.cert(file, c.params...))
		if got.Cert == first.Cert {
			t.Errorf("%s: the certificate in the file was used", name)
		}
		leaf(t, got)
	}
}

func TestEveryPairInAFileIsFound(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	file := filepath.Join(t.TempDir(), "pair.pem")
	x, y := a.cert(file, "common_name", "x.example.org"), a.cert(file, "common_name", "y.example.org")
	first, second := a.certificate(x), a.certificate(y)
	writeFile(t, file, first.Cert+first.Key+second.Cert+second.Key)
	f := follow(t, open(t, config(a.server)), x, y)
	if got := f.awaitCertificate(x, nil); got.Cert != first.Cert || got.Key != first.Key {
		t.Error("the first pair is not found")
	}
	if got := f.awaitCertificate(y, nil); got.Cert != second.Cert || got.Key != second.Key {
		t.Error("the second pair is not found")
	}
}

func TestCertificateIsRotatedInTime(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	file := filepath.Join(t.TempDir(), "pair.pem")
	a.write(a.mount+"/roles/any", map[string]any{"allow_any_name": true, "key_type": "ec", "max_ttl": "720h", "not_before_duration": "1s"})
	q := a.cert(file, "common_name", "app.example.org", "ttl", "6s")
	f := follow(t, open(t, config(a.server)), q)
	first := f.awaitCertificate(q, nil)
	writeFile(t, file, first.Cert+first.Key)
	second := f.awaitCertificate(q, first)
	before, after := leaf(t, first), leaf(t, second)
	if now := time.Now(); now.After(before.NotAfter) || now.Before(before.NotBefore.Add(5*time.Second)) {
		t.Errorf("%v to %v was rotated at %v", before.NotBefore, before.NotAfter, now)
	}
	if !after.NotAfter.After(before.NotAfter) || second.CA == "" {
		t.Errorf("the second certificate is %+v", second)
	}
	// A file that is past its point of rotation is not used by a new process either.
	writeFile(t, file, first.Cert+first.Key)
	if got := a.certificate(q); got.Cert == first.Cert {
		t.Error("a certificate at its end was used again")
	}
}

func TestNewCertificatePastItsRotationIsNotIssuedInALoop(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	q := a.cert("", "common_name", "app.example.org", "ttl", "20s") // dated back by 30 s
	cfg := config(a.server)
	cfg.LeaseThreshold = 0.1
	f := follow(t, open(t, cfg), q)
	first := f.awaitCertificate(q, nil)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if f.value(q).Data != first {
			t.Fatal("issued again at once")
		}
	}
}

func TestSignedRequestIsKnownByItsKey(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	request := func() string {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "x"}}, key)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	}
	file := filepath.Join(t.TempDir(), "cert.pem")
	sign := func(csr string) *sources.Certificate {
		q := a.cert(file, "common_name", "x", "csr", csr)
		q.Path = a.mount + "/sign/any"
		return a.certificate(q)
	}
	csr := request()
	first := sign(csr)
	writeFile(t, file, first.Cert)
	if got := sign(csr); first.Key != "" || got.Cert != first.Cert {
		t.Errorf("key is %q, signed again: %v", first.Key, got.Cert != first.Cert)
	}
	if got := sign(request()); got.Cert == first.Cert {
		t.Error("the certificate of another key was used")
	}
}

func TestRefusedCertificateSaysWhyAndShowsNoParameter(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	bad := a.cert("", "common_name", "app.example.org", "ttl", "never-shown")
	der := a.cert("", "common_name", "app.example.org", "format", "der")
	f := follow(t, open(t, config(a.server)), bad, der)
	if text := f.awaitFailed(bad).Error(); strings.Contains(text, "never-shown") || !strings.Contains(text, a.mount+"/issue/any") {
		t.Errorf("error %q", text)
	}
	if text := f.awaitFailed(der).Error(); !strings.Contains(text, "format") {
		t.Errorf("error %q has no hint", text)
	}
}

func TestFileThatWouldBlockIsNotRead(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	for _, file := range []string{"/dev/stdin", t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		leaf(t, a.certificate(a.cert(file, "common_name", "app.example.org")))
	}
}

func TestCertificateOnDiskServesWhileVaultIsAway(t *testing.T) {
	t.Parallel()
	a := newAuthority(t)
	file := filepath.Join(t.TempDir(), "pair.pem")
	q, other := a.cert(file, "common_name", "app.example.org"), a.cert(file, "common_name", "app.example.org", "ttl", "24h")
	first := a.certificate(q)
	writeFile(t, file, first.Cert+first.Key)
	cfg := config(a.server)
	cfg.Address = "http://127.0.0.1:1"
	f := follow(t, open(t, cfg), q, secret("secret/a"))
	if got := f.awaitCertificate(q, nil); got.Cert != first.Cert {
		t.Error("another certificate")
	}
	f.awaitAway()
	f.want(secret("secret/a"), other)
	f.awaitCertificate(other, nil)
	updates := f.all()
	if updates[len(updates)-1].Err == nil {
		t.Error("a file ended the outage of Vault")
	}
}
