package testserver

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"time"
)

const zabbixServerSubject = "CN=Zabbix server,OU=Tests,O=Example"

// writeZabbixCertificates writes ca.pem, and server and client each with .pem
// and .key. Keys are RSA, the only sort that Debian's Zabbix takes by default.
func writeZabbixCertificates(i *instance) error {
	ca, err := newAuthority()
	if err != nil {
		return err
	}
	if err := writeOwned(i, "ca.pem", ca.pem()); err != nil {
		return err
	}
	for file, name := range map[string]string{"server": "Zabbix server", "client": "concierge"} {
		certificate, key, err := ca.issue(name)
		if err != nil {
			return err
		}
		if err := writeOwned(i, file+".pem", certificate); err != nil {
			return err
		}
		if err := writeOwned(i, file+".key", key); err != nil {
			return err
		}
	}
	return nil
}

// authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *rsa.PrivateKey
	serial      int64
}

func newAuthority() (*authority, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	a := &authority{key: key, serial: 1}
	template := a.template("Test authority")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	a.certificate, err = x509.ParseCertificate(der)
	return a, err
}

func (a *authority) template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(a.serial),
		Subject:      pkix.Name{CommonName: name, OrganizationalUnit: []string{"Tests"}, Organization: []string{"Example"}},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
}

func (a *authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})
}

func (a *authority) issue(name string) (certificate, private []byte, err error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, nil, err
	}
	a.serial++
	der, err := x509.CreateCertificate(rand.Reader, a.template(name), a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}
