package probe

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// GRPC asks a server by the gRPC health checking protocol (grpc.health.v1),
// in plain text and past any proxy, on a connection of its own.
type GRPC struct {
	Address string // host:port, or unix:/path/of/socket
	Service string // default: the server as a whole
}

// Validate reports an address that cannot be one.
func (p GRPC) Validate() error { return validAddress(p.Address) }

// Probe implements [Probe].
func (p GRPC) Probe(ctx context.Context) error {
	doing := "gRPC health of " + p.Address
	if p.Service != "" {
		doing += " service " + p.Service
	}
	to := p.Address
	if !strings.HasPrefix(to, "unix:") {
		to = "passthrough:///" + to
	}
	conn, err := grpc.NewClient(to, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		return failed(ctx, doing, err)
	}
	defer conn.Close()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: p.Service})
	if err != nil {
		s := status.Convert(err)
		return failed(ctx, doing, fmt.Errorf("%s: %s", s.Code(), line(s.Message(), saidMax)))
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return &failure{doing, fmt.Errorf("status %s", answer.GetStatus())}
	}
	return nil
}
