package rollouts

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"

	"concierge/cluster"
	"concierge/cluster/storetest/servers"
	"concierge/internal/testserver"
)

// meter counts what clients ask and are told. Messages of a stream that the
// client sends are requests too; what the server tells unasked is bytes alone.
type meter struct{ requests, bytes atomic.Int64 }

// loadStore starts a server, and returns how a client of its own is made for
// each instance.
func loadStore(tb testing.TB, kind string, m *meter) (server *testserver.Server, dial func() cluster.Store) {
	tb.Helper()
	if kind == "consul" {
		server = testserver.NewConsul(tb, testserver.ConsulOptions{HCL: []string{`limits { http_max_conns_per_client = 8000 }`}})
		return server, func() cluster.Store {
			transport := &http.Transport{MaxIdleConnsPerHost: 16}
			tb.Cleanup(transport.CloseIdleConnections)
			client := &http.Client{Transport: counting{transport, m}}
			return servers.DialConsul(tb, api.Config{Address: server.Addr, HttpClient: client}, namespace)
		}
	}
	server = testserver.NewEtcd(tb, testserver.EtcdOptions{})
	return server, func() cluster.Store {
		options := []grpc.DialOption{grpc.WithStatsHandler(m)}
		return servers.DialEtcd(tb, clientv3.Config{Endpoints: []string{server.Addr}, DialOptions: options}, namespace)
	}
}

// measure says what was asked while something was done.
func (m *meter) measure(tb testing.TB, server *testserver.Server, do func()) usage {
	tb.Helper()
	cpu := func() time.Duration {
		d, err := testserver.CPUTime(server.PID())
		if err != nil {
			tb.Fatal(err)
		}
		return d
	}
	began, requests, bytes, spent := time.Now(), m.requests.Load(), m.bytes.Load(), cpu()
	busiest, stop := m.busiest()
	do()
	stop()
	return usage{time.Since(began), m.requests.Load() - requests, m.bytes.Load() - bytes, *busiest, cpu() - spent}
}

// busiest follows the busiest second until it is stopped.
func (m *meter) busiest() (most *int64, stop func()) {
	most = new(int64)
	done := make(chan struct{})
	var work sync.WaitGroup
	work.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for last := m.requests.Load(); ; {
			select {
			case <-tick.C:
				now := m.requests.Load()
				*most, last = max(*most, now-last), now
			case <-done:
				*most = max(*most, m.requests.Load()-last)
				return
			}
		}
	})
	return most, func() { close(done); work.Wait() }
}

// TagRPC implements [stats.Handler].
func (m *meter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context { return ctx }

// HandleRPC implements [stats.Handler].
func (m *meter) HandleRPC(_ context.Context, s stats.RPCStats) {
	switch s := s.(type) {
	case *stats.OutPayload:
		m.requests.Add(1)
		m.bytes.Add(int64(s.WireLength))
	case *stats.InPayload:
		m.bytes.Add(int64(s.WireLength))
	}
}

// TagConn implements [stats.Handler].
func (m *meter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }

// HandleConn implements [stats.Handler].
func (m *meter) HandleConn(context.Context, stats.ConnStats) {}

// counting is a transport whose requests and bodies are counted.
type counting struct {
	*http.Transport
	meter *meter
}

// RoundTrip implements [http.RoundTripper].
func (c counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.meter.requests.Add(1)
	c.meter.bytes.Add(max(0, r.ContentLength))
	answer, err := c.Transport.RoundTrip(r)
	if err == nil {
		answer.Body = countingBody{answer.Body, c.meter}
	}
	return answer, err
}

type countingBody struct {
	io.ReadCloser
	meter *meter
}

// Read implements [io.Reader].
func (b countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.meter.bytes.Add(int64(n))
	return n, err
}
