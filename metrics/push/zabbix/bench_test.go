package zabbix_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/zabbix"
)

// BenchmarkPush is the cost of delivering 34,000 values: keys, JSON, compression
// and the socket. cpu-ms/op is the time of all threads, with the little that it
// takes to receive the frame in the same process.
func BenchmarkPush(b *testing.B) {
	for name, samples := range map[string][]metrics.Sample{"timers": timers(many / 17), "series": series(many)} {
		for _, discovery := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/discovery=%t", name, discovery), func(b *testing.B) {
				target := newTarget(b, zabbix.Config{Nodes: []string{sink(b, many, discovery)}, Host: "h", Discovery: zabbix.Discovery{Off: !discovery}})
				s := snapshot(samples)
				push(b, target, s)
				b.ReportAllocs()
				b.ResetTimer()
				before := cpu(b)
				for b.Loop() {
					s.At = s.At.Add(10 * time.Second)
					push(b, target, s)
				}
				b.ReportMetric(float64(cpu(b)-before)/float64(time.Millisecond)/float64(b.N), "cpu-ms/op")
			})
		}
	}
}

// BenchmarkBeat is the cost of a heartbeat.
func BenchmarkBeat(b *testing.B) {
	target := newTarget(b, zabbix.Config{Nodes: []string{sink(b, 1, false)}, Host: "h"})
	s := snapshot([]metrics.Sample{{Name: "container.state", Value: 1}})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := target.Beat(b.Context(), s); err != nil {
			b.Fatal(err)
		}
	}
}

// series are like those of a Prometheus application.
func series(n int) []metrics.Sample {
	all := make([]metrics.Sample, 0, n)
	for i := range n {
		all = append(all, metrics.Sample{
			Name: fmt.Sprintf("http_server_requests_seconds_%d", i%50), Group: "summary", Value: float64(i) * 1.1, Raw: fmt.Sprint(float64(i) * 1.1),
			Labels: []metrics.Label{{Name: "method", Value: "GET"}, {Name: "status", Value: "200"}, {Name: "uri", Value: fmt.Sprintf("/api/v1/things/%d", i/50)}},
		})
	}
	return all
}

// sink takes frames without a look at them. The first one, when discovery is
// on, has as many documents as there are rules: one.
func sink(b *testing.B, values int, announced bool) string {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	go func() { // ends when the listener closes
		var header [13]byte
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(conn, header[:])
			size := binary.LittleEndian.Uint32(header[5:])
			_, _ = io.CopyN(io.Discard, conn, int64(size))
			n := values
			if announced {
				n, announced = 1, false
			}
			say(conn, 1, verdict(n, 0))
			_ = conn.Close()
		}
	}()
	return l.Addr().String()
}

func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
