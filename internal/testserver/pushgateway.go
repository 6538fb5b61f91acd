package testserver

import (
	"context"
	"net/http"
	"os/exec"
	"testing"
)

// NewPushgateway starts a Prometheus Pushgateway that belongs to the test.
func NewPushgateway(tb testing.TB) *Server {
	tb.Helper()
	i, err := newInstance(kind{
		program: "prometheus-pushgateway", ports: 1,
		args: func(i *instance) []string { return []string{"--web.listen-address=" + i.addr(0), "--log.level=warn"} },
		ready: func(ctx context.Context, i *instance) error {
			return call{method: http.MethodGet, url: i.url(0) + "/-/ready"}.do(ctx, nil)
		},
	}, packaged(tb, "prometheus-pushgateway"))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(i.close)
	launch(tb, i)
	return handle(tb, i, false)
}

// Promtool returns the path of Prometheus' tool that checks metrics.
func Promtool(tb testing.TB) string {
	tb.Helper()
	return packaged(tb, "promtool")
}

func packaged(tb testing.TB, program string) string {
	tb.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		tb.Fatalf("finding %s: %v (make packages installs it)", program, err)
	}
	return path
}
