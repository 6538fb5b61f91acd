package sources_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/sources"
)

// authority returns a self-signed certificate, and its PEM text.
func authority(t *testing.T, name string) (*x509.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAuthoritiesOfAllPlacesAddUp(t *testing.T) {
	dir := t.TempDir()
	file, fileText := authority(t, "file")
	first, firstText := authority(t, "first of the directory")
	second, secondText := authority(t, "second of the directory")
	given, givenText := authority(t, "text")
	stranger, _ := authority(t, "stranger")
	write(t, filepath.Join(dir, "more", "deep", "unread"), "not a certificate")
	write(t, filepath.Join(dir, "more", "1.pem"), firstText)
	if err := os.Symlink(write(t, filepath.Join(dir, "elsewhere"), secondText), filepath.Join(dir, "more", "2.pem")); err != nil {
		t.Fatal(err)
	}
	all := sources.TLS{CAFile: write(t, filepath.Join(dir, "ca.pem"), fileText), CADir: filepath.Join(dir, "more"), CAPEM: givenText}
	for _, c := range []struct {
		tls     sources.TLS
		trusted []*x509.Certificate
	}{
		{all, []*x509.Certificate{file, first, second, given}},
		{sources.TLS{CAFile: all.CAFile}, []*x509.Certificate{file}},
		{sources.TLS{CADir: all.CADir}, []*x509.Certificate{first, second}},
		{sources.TLS{CAPEM: all.CAPEM}, []*x509.Certificate{given}},
	} {
		config, err := c.tls.ClientConfig()
		if err != nil {
			t.Fatal(err)
		}
		trusted := make(map[string]bool)
		for _, cert := range c.trusted {
			trusted[cert.Subject.CommonName] = true
		}
		for _, cert := range []*x509.Certificate{file, first, second, given, stranger} {
			_, err := cert.Verify(x509.VerifyOptions{Roots: config.RootCAs})
			if name := cert.Subject.CommonName; (err == nil) != trusted[name] {
				t.Errorf("%+v: %s is trusted: %v", c.tls, name, err)
			}
		}
	}
}

func TestWithoutAuthoritiesTheSystemIsTrusted(t *testing.T) {
	config, err := sources.TLS{InsecureSkipVerify: true}.ClientConfig()
	if err != nil || config.RootCAs != nil {
		t.Errorf("roots are %v, %v; want none of our own", config.RootCAs, err)
	}
}

func TestUselessAuthoritiesAreRefused(t *testing.T) {
	dir := t.TempDir()
	bad := write(t, filepath.Join(dir, "bad.pem"), "not a certificate")
	for word, settings := range map[string]sources.TLS{
		"bad.pem":      {CAFile: bad},
		"no such file": {CAFile: filepath.Join(dir, "none.pem")},
		"CA directory": {CADir: dir},
		"no file":      {CADir: t.TempDir()},
		"text":         {CAPEM: "not a certificate"},
	} {
		if _, err := settings.ClientConfig(); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%+v gives %v, want an error with %q", settings, err, word)
		}
	}
}
