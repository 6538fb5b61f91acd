package format_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"concierge/reload/format"
)

var born = time.Now().Add(-time.Hour).UTC().Truncate(time.Second)

// issue makes a certificate of its own that is valid for two hours, and its key.
func issue(t testing.TB) (certificate, key []byte) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: born, NotAfter: born.Add(2 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
}

func join(texts ...[]byte) []byte { return bytes.Join(texts, nil) }

func TestDamagedBlocksAreFound(t *testing.T) {
	certificate, key := issue(t)
	if err := format.PEM.Check(join([]byte("issued by us\n"), certificate, []byte("its key:\n"), key)); err != nil {
		t.Error(err)
	}
	lines := bytes.Count(certificate, []byte("\n"))
	damaged := join(certificate, bytes.Replace(key, []byte("MI"), []byte("M*"), 1), certificate)
	cut := join(certificate, key[:len(key)/2])
	wrong := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no certificate")})
	for name, c := range map[string]struct {
		text []byte
		want string
	}{
		"a wrong character": {damaged, "damaged or not closed"},
		"a cut file":        {cut, "damaged or not closed"},
		"no certificate":    {join(key, wrong), "a certificate that cannot be read"},
		"no key":            {join(certificate, bytes.ReplaceAll(wrong, []byte("CERTIFICATE"), []byte("PRIVATE KEY"))), "a private key that cannot be read"},
	} {
		err := format.PEM.Check(c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	want := fmt.Sprintf("not valid pem, line %d, column 1: ", lines+1)
	if err := format.PEM.Check(cut); err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestPairMustBelongTogether(t *testing.T) {
	certificate, key := issue(t)
	other, otherKey := issue(t)
	now := time.Now()
	for name, c := range map[string]struct {
		now   time.Time
		texts [][]byte
		want  string // empty: accepted
	}{
		"one file":               {now, [][]byte{join(certificate, key)}, ""},
		"the key first":          {now, [][]byte{join(key, certificate)}, ""},
		"with a chain":           {now, [][]byte{join(certificate, other, key)}, ""},
		"two files":              {now, [][]byte{certificate, key}, ""},
		"three files":            {now, [][]byte{key, certificate, other}, ""},
		"whole and halves":       {now, [][]byte{join(certificate, key), other, otherKey}, ""},
		"two whole":              {now, [][]byte{join(certificate, key), join(other, otherKey)}, ""},
		"another key":            {now, [][]byte{certificate, otherKey}, "does not belong"},
		"another key in one":     {now, [][]byte{join(certificate, otherKey)}, "does not belong"},
		"the chain first":        {now, [][]byte{join(other, certificate, key)}, "does not belong"},
		"no key":                 {now, [][]byte{certificate}, "no private key"},
		"no certificate":         {now, [][]byte{key}, "no certificate"},
		"two keys":               {now, [][]byte{certificate, key, other, otherKey}, "more than one private key"},
		"the second pair broken": {now, [][]byte{join(certificate, key), join(other, key)}, "does not belong"},
		"too late":               {born.Add(3 * time.Hour), [][]byte{certificate, key}, "expired at " + born.Add(2*time.Hour).Format(time.RFC3339)},
		"too early":              {born.Add(-time.Hour), [][]byte{certificate, key}, "not valid before " + born.Format(time.RFC3339)},
		"nothing":                {now, [][]byte{{}}, "no PEM block"},
	} {
		err := format.Pair(c.now, c.texts...)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func FuzzPEM(f *testing.F) {
	certificate, key := issue(f)
	fuzz(f, format.PEM, string(join(certificate, key)), "-----BEGIN A-----\nDEK-Info: x\n\n-----END A-----\n", "-----BEGIN -----")
}
