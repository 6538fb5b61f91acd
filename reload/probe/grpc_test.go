package probe_test

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	"concierge/reload/probe"
)

// grpcServer serves on the network; without services there is no health service.
func grpcServer(t *testing.T, network, address string, services map[string]grpc_health_v1.HealthCheckResponse_ServingStatus) string {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	if services != nil {
		h := health.NewServer()
		for name, status := range services {
			h.SetServingStatus(name, status)
		}
		grpc_health_v1.RegisterHealthServer(server, h)
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func TestGRPCStatusDecides(t *testing.T) {
	services := map[string]grpc_health_v1.HealthCheckResponse_ServingStatus{
		"":     grpc_health_v1.HealthCheckResponse_SERVING,
		"shop": grpc_health_v1.HealthCheckResponse_SERVING,
		"mail": grpc_health_v1.HealthCheckResponse_NOT_SERVING,
	}
	address := grpcServer(t, "tcp", "127.0.0.1:0", services)
	socket := filepath.Join(t.TempDir(), "grpc.sock")
	grpcServer(t, "unix", socket, services)
	bare := grpcServer(t, "tcp", "127.0.0.1:0", nil)
	for _, c := range []struct{ address, service, want string }{
		{address, "", ""}, {address, "shop", ""}, {"unix:" + socket, "shop", ""},
		{address, "mail", " service mail: status NOT_SERVING"},
		{"unix:" + socket, "mail", " service mail: status NOT_SERVING"},
		{address, "absent", " service absent: NotFound"},
		{bare, "", ": Unimplemented"},
	} {
		err := probe.GRPC{Address: c.address, Service: c.service}.Probe(t.Context())
		switch {
		case c.want == "" && err != nil:
			t.Errorf("service %q: %v", c.service, err)
		case c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), "gRPC health of "+c.address+c.want)):
			t.Errorf("service %q: %v, want …%s", c.service, err, c.want)
		}
	}
}

func TestOpenPortIsEnoughForTCP(t *testing.T) {
	if err := (probe.TCP{Address: silent(t)}).Probe(t.Context()); err != nil {
		t.Error(err)
	}
}
