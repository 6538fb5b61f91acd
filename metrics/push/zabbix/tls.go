package zabbix

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
)

// TLS is an encrypted connection with certificates, as Zabbix has it: both sides
// show one, and it is the chain that is checked, not the name of the host. Keys
// that both sides share (PSK) are not there: Go's TLS does not know them.
//
// The files are read for each connection, so that renewed ones are used at once.
type TLS struct {
	CA   string // path: certificates that sign the server's
	Cert string // path: own certificate, with its chain
	Key  string // path: its key
	// Issuer and Subject are what the server's certificate must have; empty is
	// anything. Their form is that of Zabbix's TLSServerCertIssuer: RFC 4514,
	// most specific first: CN=Zabbix server,OU=Operations,O=Example.
	Issuer, Subject string
}

// client makes a connection encrypted.
func (t *TLS) client(ctx context.Context, conn net.Conn) (net.Conn, error) {
	config, err := t.config()
	if err != nil {
		return nil, err
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("agreeing on encryption: %w", err)
	}
	return secure, nil
}

func (t *TLS) config() (*tls.Config, error) {
	pem, err := os.ReadFile(t.CA)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates that sign the server's: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading %s: there is no certificate in it (PEM is expected)", t.CA)
	}
	own, err := tls.LoadX509KeyPair(t.Cert, t.Key)
	if err != nil {
		return nil, fmt.Errorf("reading certificate %s with key %s: %w", t.Cert, t.Key, err)
	}
	return &tls.Config{
		Certificates: []tls.Certificate{own},
		MinVersion:   tls.VersionTLS12,
		// Zabbix has only P-256 where it speaks TLS 1.3; to offer it first saves a round trip.
		CurvePreferences: []tls.CurveID{tls.CurveP256, tls.CurveP384},
		// The usual check would ask for the name of the host; verify does the rest of it.
		InsecureSkipVerify: true,
		VerifyConnection:   func(s tls.ConnectionState) error { return t.verify(s.PeerCertificates, roots) },
	}, nil
}

func (t *TLS) verify(chain []*x509.Certificate, roots *x509.CertPool) error {
	if len(chain) == 0 {
		return errors.New("the server shows no certificate")
	}
	options := x509.VerifyOptions{Roots: roots, Intermediates: x509.NewCertPool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	if _, err := chain[0].Verify(options); err != nil {
		return fmt.Errorf("checking the server's certificate: %w", err)
	}
	if err := same("issuer", t.Issuer, chain[0].RawIssuer); err != nil {
		return err
	}
	return same("subject", t.Subject, chain[0].RawSubject)
}

func same(what, want string, raw []byte) error {
	if want == "" {
		return nil
	}
	var name pkix.RDNSequence
	if _, err := asn1.Unmarshal(raw, &name); err != nil {
		return fmt.Errorf("reading the %s of the server's certificate: %w", what, err)
	}
	if got := distinguishedName(name); got != want {
		return fmt.Errorf("the server's certificate has the %s %q and not %q", what, got, want)
	}
	return nil
}

// distinguishedName writes a name as RFC 4514 wants it, most specific first,
// with the short names of attributes that pkix writes as numbers, too.
func distinguishedName(name pkix.RDNSequence) string {
	short := map[string]string{"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID", "1.2.840.113549.1.9.1": "emailAddress"}
	var parts []string
	for i := len(name) - 1; i >= 0; i-- {
		text := pkix.RDNSequence{name[i]}.String()
		if a := name[i][0]; len(name[i]) == 1 && short[a.Type.String()] != "" {
			text = short[a.Type.String()] + "=" + fmt.Sprint(a.Value)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ",")
}

// validate finds what is missing before the first connection.
func (t *TLS) validate() error {
	for _, f := range []struct{ setting, path string }{{"ca_file", t.CA}, {"cert_file", t.Cert}, {"key_file", t.Key}} {
		if f.path == "" {
			return fmt.Errorf("TLS to Zabbix needs %s: certificates are the only way that there is, keys shared by both sides (PSK) are not supported", f.setting)
		}
	}
	return nil
}
