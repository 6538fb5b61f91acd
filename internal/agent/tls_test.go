package agent_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"concierge/internal/agent"
	"concierge/internal/exit"
	"concierge/internal/testserver"
)

// authority is a certificate authority of a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t *testing.T, name string) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = a.sign(template, nil)
	a.save("ca.pem", "CERTIFICATE", a.cert.Raw)
	return a
}

// sign signs a template, by itself if the authority has no certificate yet.
func (a *authority) sign(template *x509.Certificate, by *authority) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	parent, signer := template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return cert, key
}

func (a *authority) save(name, kind string, der []byte) string {
	a.t.Helper()
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// issue makes a certificate for 127.0.0.1 and returns its files.
func (a *authority) issue(name string) (certFile, keyFile string) {
	a.t.Helper()
	cert, key := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}, a)
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.save(name+".pem", "CERTIFICATE", cert.Raw), a.save(name+"-key.pem", "EC PRIVATE KEY", der)
}

// front puts TLS that demands a client certificate in front of a server that
// speaks the protocol, and returns its address.
func (a *authority) front(addr, protocol string) string {
	a.t.Helper()
	certFile, keyFile := a.issue("server")
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		a.t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert,
		NextProtos: []string{protocol},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go splice(client, addr)
		}
	}()
	return listener.Addr().String()
}

func splice(client net.Conn, addr string) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() { _, _ = io.Copy(server, client) }()
	_, _ = io.Copy(client, server)
}

func TestStoresAreReachedOverMutualTLSOnly(t *testing.T) {
	ours, foreign := newAuthority(t, "ours"), newAuthority(t, "foreign")
	certFile, keyFile := ours.issue("client")
	consul, etcd, vault := testserver.Consul(t), testserver.Etcd(t), testserver.Vault(t)
	prefix := strings.Trim(testserver.Prefix(t), "/")
	put(t, store(t, "consul", consul), prefix+"/a", "over tls")
	put(t, store(t, "etcd", etcd), prefix+"/a", "over tls")
	putSecret(t, vault, "tls", "a", "over tls")

	rightName, otherName := "server_name: 127.0.0.1, ", "server_name: elsewhere.example, "
	key, secret := `{{ key "`+prefix+`/a" }}`, `{{ with secret "secret/tls" }}{{ .Data.data.a }}{{ end }}`
	for name, c := range map[string]struct{ source, text string }{
		"consul": {`sources: {consul: {address: 'https://` + ours.front(consul.Addr, "http/1.1") + `', tls: TLS}}`, key},
		"etcd":   {`sources: {etcd: {endpoints: ['https://` + ours.front(etcd.Addr, "h2") + `'], tls: TLS}}`, key},
		"vault":  {`secrets: {vault: {address: 'https://` + ours.front(vault.Addr, "http/1.1") + `', token: ` + vault.Token + `, tls: TLS}}`, secret},
	} {
		for _, way := range []struct {
			what, tls string
			status    int
		}{
			{"both certificates", fmt.Sprintf("{ca_file: %s, cert_file: %s, key_file: %s}", filepath.Join(ours.dir, "ca.pem"), certFile, keyFile), exit.OK},
			{"a foreign authority", fmt.Sprintf("{ca_file: %s, cert_file: %s, key_file: %s}", filepath.Join(foreign.dir, "ca.pem"), certFile, keyFile), exit.Store},
			{"the right name", fmt.Sprintf("{%sca_file: %s, cert_file: %s, key_file: %s}", rightName, filepath.Join(ours.dir, "ca.pem"), certFile, keyFile), exit.OK},
			{"another name", fmt.Sprintf("{%sca_file: %s, cert_file: %s, key_file: %s}", otherName, filepath.Join(ours.dir, "ca.pem"), certFile, keyFile), exit.Store},
			{"no client certificate", fmt.Sprintf("{ca_file: %s}", filepath.Join(ours.dir, "ca.pem")), exit.Store},
		} {
			t.Run(name+" with "+way.what, func(t *testing.T) {
				dir := t.TempDir()
				yaml := strings.Replace(c.source, "TLS", way.tls, 1) + "\ntemplates: [{contents: '" + c.text + "', destination: out}]\n"
				if err := os.WriteFile(filepath.Join(dir, "concierge.yaml"), []byte(yaml), 0o600); err != nil {
					t.Fatal(err)
				}
				status, err := agent.Render(t.Context(), agent.Options{Load: load(dir, false), Log: slog.New(slog.DiscardHandler)},
					agent.RenderOptions{Timeout: map[bool]time.Duration{true: 20 * time.Second, false: 2 * time.Second}[way.status == exit.OK]})
				b, _ := os.ReadFile(filepath.Join(dir, "out"))
				if status != way.status || way.status == exit.OK && string(b) != "over tls" {
					t.Errorf("status %d, want %d; output %q; %v", status, way.status, b, err)
				}
				if way.what == "a foreign authority" && !strings.Contains(fmt.Sprint(err), "certificate") {
					t.Errorf("the error does not name the certificate: %v", err)
				}
			})
		}
	}
}
