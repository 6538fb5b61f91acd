package sources

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
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

// PinServerName makes c verify the server against c.ServerName also where the
// client library puts the address it dials in its place, as gRPC does. Chain
// and name are verified exactly as package crypto/tls would.
func PinServerName(c *tls.Config) {
	if c == nil || c.ServerName == "" || c.InsecureSkipVerify {
		return
	}
	name, roots := c.ServerName, c.RootCAs
	c.InsecureSkipVerify = true //nolint:gosec // VerifyConnection verifies instead
	c.VerifyConnection = func(state tls.ConnectionState) error {
		options := x509.VerifyOptions{DNSName: name, Roots: roots, Intermediates: x509.NewCertPool()}
		for _, cert := range state.PeerCertificates[1:] {
			options.Intermediates.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(options)
		return err
	}
}

// TLSHint is what to look at when err says that a server was not trusted; it is
// empty for other errors.
func TLSHint(err error) string {
	var untrusted *tls.CertificateVerificationError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	if errors.As(err, &untrusted) || errors.As(err, &unknown) || errors.As(err, &hostname) {
		return "see tls.ca_file and tls.server_name of the source"
	}
	return ""
}
