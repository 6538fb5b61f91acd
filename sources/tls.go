package sources

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// TLS is how a client verifies its server and shows who it is. The zero value
// means the system's roots and no client certificate.
type TLS struct {
	CAFile             string // PEM bundle of accepted authorities
	CertFile           string // PEM client certificate; needs KeyFile
	KeyFile            string
	ServerName         string // name to verify instead of the address
	InsecureSkipVerify bool   // accept any certificate
}

// Enabled reports whether anything was set.
func (t TLS) Enabled() bool { return t != TLS{} }

// ClientConfig reads the files and returns the configuration. The client
// certificate is read again at each handshake, so a renewed one is picked up
// without a restart.
func (t TLS) ClientConfig() (*tls.Config, error) {
	c := &tls.Config{
		MinVersion:         tls.VersionTLS12,
		ServerName:         t.ServerName,
		InsecureSkipVerify: t.InsecureSkipVerify, //nolint:gosec // asked for by the user, off by default
	}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("reading CA file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("reading CA file %s: no PEM certificate in it", t.CAFile)
		}
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		return nil, fmt.Errorf("client certificate: cert_file and key_file are needed together")
	}
	if t.CertFile == "" {
		return c, nil
	}
	load := func() (*tls.Certificate, error) {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("loading client certificate: %w", err)
		}
		return &pair, nil
	}
	if _, err := load(); err != nil {
		return nil, err
	}
	c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return load() }
	return c, nil
}
