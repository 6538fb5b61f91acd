package testserver

import (
	"context"
	"net/http"
	"os"
	"testing"
)

// Prometheus returns the shared Prometheus server, version 3, with its receiver
// of OpenTelemetry metrics, which keeps names as they are as far as it can and
// adds nothing to them.
func Prometheus(tb testing.TB) *Server {
	tb.Helper()
	return shared(tb, prometheusKind())
}

const prometheusConfig = "otlp:\n  translation_strategy: NoTranslation\n"

func prometheusKind() kind {
	return kind{
		program: "prometheus", ports: 1, ready: prometheusReady,
		prepare: func(i *instance) error {
			return os.WriteFile(i.path("prometheus.yml"), []byte(prometheusConfig), 0o600)
		},
		args: func(i *instance) []string {
			return []string{
				"--config.file", i.path("prometheus.yml"), "--storage.tsdb.path", i.path("data"), "--log.level", "warn",
				"--web.listen-address", i.addr(0), "--web.enable-otlp-receiver",
			}
		},
	}
}

func prometheusReady(ctx context.Context, i *instance) error {
	return call{method: http.MethodGet, url: i.url(0) + "/-/ready"}.do(ctx, nil)
}
