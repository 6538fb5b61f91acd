package consul_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// mesh is a server with a certificate authority.
func mesh(t *testing.T) *testserver.Server {
	t.Helper()
	return testserver.NewConsul(t, testserver.ConsulOptions{HCL: []string{`connect { enabled = true }`}})
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestMeshEndpointsAreFound(t *testing.T) {
	t.Parallel()
	server := mesh(t)
	r := newRegistry(t, server)
	r.register("web", "web-1", "passing")
	r.register("web", "web-2", "passing", func(reg *api.CatalogRegistration) {
		reg.Service.Connect = &api.AgentServiceConnect{Native: true}
	})
	q := ask(sources.Connect, "web")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), q)
	f.awaitInstances(q, "web-2")
	r.register("web", "web-2", "critical", func(reg *api.CatalogRegistration) {
		reg.Service.Connect = &api.AgentServiceConnect{Native: true}
	})
	f.awaitInstances(q)
}

func TestLeafCertificateIsGoodAndTainted(t *testing.T) {
	t.Parallel()
	server := mesh(t)
	leaf, roots := ask(sources.CALeaf, "web"), ask(sources.CARootList, "")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), leaf, roots)
	certificate := f.awaitAnswer(leaf).(*sources.LeafCertificate)
	if !f.value(leaf).Tainted {
		t.Error("a private key is not tainted")
	}
	if f.value(roots).Tainted {
		t.Error("public roots are tainted")
	}
	pair, err := tls.X509KeyPair([]byte(certificate.CertPEM), []byte(certificate.PrivateKeyPEM))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for _, root := range f.awaitAnswer(roots).(sources.CARoots) {
		if !root.Active || !pool.AppendCertsFromPEM([]byte(root.RootCertPEM)) {
			t.Errorf("root is %+v", root)
		}
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: pool, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}}); err != nil {
		t.Error(err)
	}
	if certificate.Service != "web" || !pair.Leaf.NotAfter.Equal(certificate.ValidBefore) {
		t.Errorf("certificate is for %s until %v", certificate.Service, certificate.ValidBefore)
	}
}

func TestNewAuthorityIsFollowed(t *testing.T) {
	t.Parallel()
	server := mesh(t)
	leaf, roots := ask(sources.CALeaf, "web"), ask(sources.CARootList, "")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), leaf, roots)
	before := f.awaitAnswer(leaf).(*sources.LeafCertificate).CertPEM
	f.awaitAnswer(roots)
	client := newRegistry(t, server).client
	cfg, _, err := client.Connect().CAGetConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Config["PrivateKeyType"], cfg.Config["PrivateKeyBits"] = "ec", 384
	if _, err := client.Connect().CASetConfig(cfg, nil); err != nil {
		t.Fatal(err)
	}
	f.await("the second root", func() bool { return len(f.values[roots].Data.(sources.CARoots)) == 2 })
	f.await("a new certificate", func() bool { return f.values[leaf].Data.(*sources.LeafCertificate).CertPEM != before })
	if block, _ := pem.Decode([]byte(before)); block == nil {
		t.Errorf("certificate was %q", before)
	}
}

// TestQuestionWithATroubleOfItsOwnIsNoOutage asks a server without a mesh.
func TestQuestionWithATroubleOfItsOwnIsNoOutage(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{HCL: []string{`connect { enabled = false }`}})
	roots := ask(sources.CARootList, "")
	s := open(t, consul.Config{Address: server.Addr})
	put(t, s, "a", "1")
	f := follow(t, s, roots, key("a"))
	err := f.awaitFailed(roots)
	f.awaitValue(key("a"), "1")
	if n := f.errors(); n != 0 {
		t.Errorf("%d outages reported: %v", n, err)
	}
}

func TestPeeringsAndExportsAreFollowed(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{
		HCL:  []string{`connect { enabled = true }`, `peering { enabled = true }`},
		Args: []string{"-grpc-tls-port", freePort(t)}, // else it makes no peering
	})
	r := newRegistry(t, server)
	peerings, exported := ask(sources.PeeringList, ""), ask(sources.ExportedServiceList, "")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), peerings, exported)
	f.awaitAbsent(peerings)
	f.awaitAbsent(exported)
	for _, peer := range []string{"b", "a"} {
		request := api.PeeringGenerateTokenRequest{PeerName: peer, Meta: map[string]string{"env": "prod"}, ServerExternalAddresses: []string{"198.51.100.1:8502"}}
		r.await("peering", func() bool { // its certificate authority takes a while
			_, _, err := r.client.Peerings().GenerateToken(t.Context(), request, nil)
			return err == nil
		})
	}
	f.await("both peerings", func() bool {
		all, _ := f.values[peerings].Data.(sources.Peerings)
		return len(all) == 2 && all[0].Name == "a" && all[1].Name == "b" && all[0].Meta["env"] == "prod"
	})
	entry := &api.ExportedServicesConfigEntry{Name: "default", Services: []api.ExportedService{
		{Name: "web", Consumers: []api.ServiceConsumer{{Peer: "a"}, {Peer: "b"}}},
		{Name: "db", Consumers: []api.ServiceConsumer{{Peer: "a"}}},
	}}
	if _, _, err := r.client.ConfigEntries().Set(entry, nil); err != nil {
		t.Fatal(err)
	}
	f.await("both services", func() bool {
		all, _ := f.values[exported].Data.(sources.ExportedServices)
		return len(all) == 2 && all[0].Service == "db" && strings.Join(all[1].Consumers.Peers, " ") == "a b" &&
			all[1].Consumers.Partitions != nil
	})
}

func TestEnterpriseQuestionsAreRefusedWithTheirReason(t *testing.T) {
	t.Parallel()
	partitions, imported := ask(sources.PartitionList, ""), ask(sources.ImportedServiceList, "")
	imported.Options = sources.Options{Partition: "team"}.Handle()
	f := follow(t, shared(t), partitions, imported)
	for _, q := range []sources.Query{partitions, imported} {
		if err := f.awaitFailed(q); !strings.Contains(err.Error(), "Enterprise") {
			t.Errorf("%s: error is %q", q, err)
		}
	}
}
