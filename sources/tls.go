package sources

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// TLS is how a client verifies its server and shows who it is. The zero value
// means the system's roots and no client certificate. CAFile, CADir and CAPEM
// add up; any of them replaces the system's roots.
type TLS struct {
	CAFile             string // PEM bundle of accepted authorities
	CADir              string // directory whose files are such bundles
	CAPEM              string // such a bundle itself
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
	var err error
	if c.RootCAs, err = t.authorities(); err != nil {
		return nil, err
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

// authorities is the pool of all accepted authorities; nil means the system's.
func (t TLS) authorities() (*x509.CertPool, error) {
	if t.CAFile == "" && t.CADir == "" && t.CAPEM == "" {
		return nil, nil
	}
	pool := x509.NewCertPool()
	if t.CAFile != "" {
		if err := addAuthorities(pool, t.CAFile); err != nil {
			return nil, err
		}
	}
	if t.CADir != "" {
		if err := addDirectory(pool, t.CADir); err != nil {
			return nil, err
		}
	}
	if t.CAPEM != "" && !pool.AppendCertsFromPEM([]byte(t.CAPEM)) {
		return nil, errors.New("reading CA certificates given as text: no PEM certificate in them")
	}
	return pool, nil
}

func addAuthorities(pool *x509.CertPool, path string) error {
	pem, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading CA file: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("reading CA file %s: no PEM certificate in it", path)
	}
	return nil
}

// addDirectory adds every file of the directory, following links but not into
// subdirectories: a mounted Kubernetes volume keeps its real files in one.
func addDirectory(pool *x509.CertPool, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("reading CA directory: %w", err)
	}
	files := 0
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			continue
		}
		if err := addAuthorities(pool, path); err != nil {
			return fmt.Errorf("reading CA directory %s: %w", dir, err)
		}
		files++
	}
	if files == 0 {
		return fmt.Errorf("reading CA directory %s: no file in it", dir)
	}
	return nil
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
		return "see tls.ca_file, tls.ca_dir and tls.server_name of the source"
	}
	return ""
}
