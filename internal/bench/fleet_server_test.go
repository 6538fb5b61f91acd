package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
	"concierge/sources/etcd"
)

// tally is what a server has counted since it started.
type tally struct {
	requests int64 // of instances, those that are held included
	held     int64 // that it has not answered yet, or streams that are open
}

func etcdBackend(tb testing.TB) backend {
	tb.Helper()
	server := testserver.NewEtcd(tb, testserver.EtcdOptions{})
	return backend{
		store: etcdStore{server.Addr}, server: server, version: versionOf(tb, "etcd"),
		open: func() (sources.Source, error) {
			return etcd.New(etcd.Config{Name: "etcd", Endpoints: []string{server.Addr}, Prefix: "/"}, slog.New(slog.DiscardHandler))
		},
		metrics: server.URL() + "/metrics",
		tally:   etcdTally,
	}
}

// etcdTally counts messages, since a stream carries many. Instances never put.
func etcdTally(p page) tally {
	var t tally
	for _, method := range []string{"Range", "Txn", "Watch"} {
		t.requests += p.sum("grpc_server_msg_received_total", `grpc_method="`+method+`"`, `grpc_service="etcdserverpb.`)
	}
	watches := []string{`grpc_method="Watch"`, `grpc_service="etcdserverpb.Watch"`}
	t.held = p.sum("grpc_server_started_total", watches...) - p.sum("grpc_server_handled_total", watches...)
	return t
}

func consulBackend(tb testing.TB, p fleetPlan) backend {
	tb.Helper()
	server := testserver.NewConsul(tb, testserver.ConsulOptions{HCL: []string{
		fmt.Sprintf("limits { http_max_conns_per_client = %d }", 4*p.instances+200),
		`telemetry { prometheus_retention_time = "24h" disable_hostname = true }`,
	}})
	return backend{
		store: consulStore{server.Addr}, server: server, version: versionOf(tb, "consul"),
		open: func() (sources.Source, error) {
			return consul.New(consul.Config{Name: "Consul", Address: server.Addr}, slog.New(slog.DiscardHandler))
		},
		metrics: server.URL() + "/v1/agent/metrics?format=prometheus",
		tally:   consulTally,
	}
}

// consulTally adds what is held to what was answered: Consul counts a request
// when it ends. Besides keys, instances ask for the leader after an error.
func consulTally(p page) tally {
	held := p.sum("consul_rpc_queries_blocking")
	answered := p.sum("consul_api_http_count", `method="GET"`, `path="v1_kv_"`) +
		p.sum("consul_api_http_count", `method="GET"`, `path="v1_status_leader"`)
	return tally{requests: answered + held, held: held}
}

// read asks the server for its tally.
func (b backend) read(ctx context.Context) (tally, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.metrics, nil)
	if err != nil {
		return tally{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return tally{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return tally{}, fmt.Errorf("reading the metrics of %s: %w", b.name(), err)
	}
	if resp.StatusCode != http.StatusOK {
		return tally{}, fmt.Errorf("asking %s for its metrics: %s", b.name(), resp.Status)
	}
	return b.tally(page(text)), nil
}

// page is a page of metrics in the text format of Prometheus.
type page string

// sum adds the series of a name whose labels contain all the words.
func (p page) sum(name string, labels ...string) (sum int64) {
	for line := range strings.Lines(string(p)) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		end := strings.LastIndexByte(rest, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(rest[end:]), 64)
		for _, l := range labels {
			ok = ok && strings.Contains(rest[:end], l)
		}
		if ok && err == nil {
			sum += int64(value)
		}
	}
	return sum
}

// transferred returns how many bytes this process has read and written so far,
// on connections mostly: those of the instances and few others.
func transferred() (int64, error) {
	var bytes int64
	for _, name := range []string{"rchar:", "wchar:"} {
		n, err := procNumber("/proc/self/io", name)
		if err != nil {
			return 0, err
		}
		bytes += n
	}
	return bytes, nil
}

// openFilesLimit returns how many files this process may open.
func openFilesLimit() (int, error) {
	n, err := procNumber("/proc/self/limits", "Max open files")
	return int(n), err
}

// procNumber returns the first number after a name in a file of /proc.
func procNumber(path, name string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			return strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %q", path, name)
}
