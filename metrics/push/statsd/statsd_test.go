package statsd_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/statsd"
)

func newTarget(t testing.TB, c statsd.Config) *statsd.Target {
	t.Helper()
	target, err := statsd.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(target.Close)
	return target
}

func push(t testing.TB, target metrics.Target, samples ...metrics.Sample) metrics.Receipt {
	t.Helper()
	r, err := target.Push(t.Context(), snapshot(samples...))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func snapshot(samples ...metrics.Sample) *metrics.Snapshot {
	return &metrics.Snapshot{At: time.Now(), Host: "measured", Samples: samples}
}

func gauge(name string, v float64, labels ...metrics.Label) metrics.Sample {
	return metrics.Sample{Name: name, Value: v, Labels: labels}
}

func counter(v float64) metrics.Sample {
	return metrics.Sample{Name: "c", Kind: metrics.Counter, Value: v}
}

func TestLinesOfBothDialects(t *testing.T) {
	samples := []metrics.Sample{
		gauge("com.example.Orders-1", -2.5, metrics.Label{Name: "path", Value: "/a,b|c:d\n"}),
		{Name: "timer", Field: "p99", Value: 1e6}, gauge("größe:|@#x", 0.001),
	}
	for _, c := range []struct {
		config statsd.Config
		want   string
	}{
		{statsd.Config{Prefix: "app"}, "app.com.example.Orders-1.path._a_b_c_d_:0|g\napp.com.example.Orders-1.path._a_b_c_d_:-2.5|g\n" +
			"app.timer.p99:1000000|g\napp.gr__e____x:0.001|g"},
		{statsd.Config{Dialect: statsd.Datadog, Tags: []metrics.Label{{Name: "env:1", Value: "prod"}}},
			"com.example.Orders_1:-2.5|g|#env_1:prod,path:/a_b_c:d_\ntimer.p99:1000000|g|#env_1:prod\ngr__e____x:0.001|g|#env_1:prod"},
	} {
		l := listen(t, "udp")
		c.config.Address = l.addr
		r := push(t, newTarget(t, c.config), samples...)
		if got := l.next(t); got != c.want {
			t.Errorf("the packet is\n%s\nwant\n%s", got, c.want)
		}
		if r.Sent != 3 || r.Accepted != 3 || r.WireBytes != len(c.want) {
			t.Errorf("the receipt is %+v", r)
		}
	}
}

func TestCountersAreSentAsWhatTheyGrew(t *testing.T) {
	l := listen(t, "udp")
	target := newTarget(t, statsd.Config{Address: l.addr})
	if r := push(t, target, counter(100)); r.Sent != 0 {
		t.Errorf("the first receipt is %+v", r)
	}
	for _, c := range []struct {
		value float64
		want  string
	}{{107, "c:7|c"}, {107, "c:0|c"}, {3, "c:3|c"}, {3.5, "c:0.5|c"}} {
		push(t, target, counter(c.value))
		if got := l.next(t); got != c.want {
			t.Errorf("at %v the packet is %q, want %q", c.value, got, c.want)
		}
	}
}

func TestGrowthIsNotLostWhileNobodyReceives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	target := newTarget(t, statsd.Config{Address: "unix:" + path})
	l := listenAt(t, "unixgram", path)
	push(t, target, counter(100))
	l.close()
	if _, err := target.Push(t.Context(), snapshot(counter(110))); err == nil {
		t.Error("a push without a receiver was a success")
	}
	_ = os.Remove(path)
	if _, err := target.Push(t.Context(), snapshot(counter(115))); !errors.Is(err, syscall.ENOENT) {
		t.Errorf("without the socket the error is %v", err)
	}
	l = listenAt(t, "unixgram", path)
	push(t, target, counter(120))
	if got := l.next(t); got != "c:20|c" {
		t.Errorf("the packet is %q", got)
	}
}

func TestAMissingReceiverIsAnErrorAlsoForOnePacketOfUDP(t *testing.T) {
	l := listen(t, "udp")
	l.close()
	target := newTarget(t, statsd.Config{Address: l.addr})
	for range 3 {
		r, err := target.Push(t.Context(), snapshot(gauge("a", 1)))
		if !errors.Is(err, syscall.ECONNREFUSED) || r.Accepted != 0 || r.Sent != 0 || !strings.Contains(err.Error(), "is the agent running") {
			t.Errorf("the receipt is %+v, %v", r, err)
		}
		if _, err := target.Beat(t.Context(), snapshot(gauge("a", 1))); metrics.Elapsed(time.Second, err) != 0 {
			t.Errorf("the error of a heartbeat is %v", err)
		}
	}
}

func TestAReceiverThatDoesNotReadIsATimeout(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	listenAt(t, "unixgram", path) // its buffer fills
	target := newTarget(t, statsd.Config{Address: "unix:" + path, Timeout: 300 * time.Millisecond})
	r, err := target.Push(t.Context(), snapshot(many(34_000)...))
	if metrics.Elapsed(time.Second, err) != -1 || r.Accepted != 0 || r.Sent == 0 {
		t.Errorf("the receipt is %+v, %v", r, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := target.Push(ctx, snapshot(gauge("a", 1))); !errors.Is(err, context.Canceled) {
		t.Errorf("the error of a cancelled push is %v", err)
	}
}

func many(n int) []metrics.Sample {
	samples := make([]metrics.Sample, n)
	for i := range samples {
		samples[i] = gauge(fmt.Sprintf("shop.requests.duration.%05d", i), float64(i)*1.1, metrics.Label{Name: "status", Value: "200"})
	}
	return samples
}

// TestALocalReceiverLosesNothing is about the pace: 34,000 values are some 1,500
// packets over UDP, of which the buffer of the receiver holds some 90.
func TestALocalReceiverLosesNothing(t *testing.T) {
	for network, most := range map[string]int{"udp": statsd.DefaultUDPPacket, "unixgram": statsd.DefaultUnixPacket} {
		l := listen(t, network)
		count := l.count()
		target := newTarget(t, statsd.Config{Address: l.address(), Dialect: statsd.Datadog, Timeout: 30 * time.Second})
		began := time.Now()
		r := push(t, target, many(34_000)...)
		t.Logf("%s: %d bytes in %s", network, r.WireBytes, time.Since(began))
		got := count(r.Sent)
		if r.Sent != 34_000 || got.lines != r.Sent || got.largest > most || got.broken > 0 {
			t.Errorf("%s: of %d lines %d arrived, %d of them broken, in packets of up to %d bytes", network, r.Sent, got.lines, got.broken, got.largest)
		}
	}
}

func TestWhatCannotBeSentIsLeftOutAndCounted(t *testing.T) {
	l := listen(t, "udp")
	target := newTarget(t, statsd.Config{Address: l.addr, MaxPacket: 128, MaxCounters: 1})
	samples := []metrics.Sample{
		{Name: "t", Kind: metrics.Text, Raw: "x"}, gauge("nan", math.NaN()), gauge("inf", math.Inf(1)), gauge("", 1),
		gauge(strings.Repeat("long", 50), 1), counter(1), {Name: "d", Kind: metrics.Counter, Value: 1}, gauge("good", 1),
	}
	if r := push(t, target, samples...); r.Sent != 1 || r.Filtered != 5 || r.NotNumeric != 1 {
		t.Errorf("the receipt is %+v", r)
	}
	if got := l.next(t); got != "good:1|g" {
		t.Errorf("the packet is %q", got)
	}
}

func TestBadSettingsAreFound(t *testing.T) {
	for name, c := range map[string]statsd.Config{
		"no address": {}, "no port": {Address: "host"}, "a URL": {Address: "http://me:word@host:1"}, "no socket": {Address: "unix:"},
		"packet": {Address: "h:1", MaxPacket: 70_000}, "timeout": {Address: "h:1", Timeout: -1}, "rate": {Address: "h:1", Rate: -1},
		"tags": {Address: "h:1", Tags: []metrics.Label{{Name: "a", Value: "b"}}},
	} {
		if _, err := statsd.New(c); err == nil || strings.Contains(err.Error(), "word") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// listener is a StatsD server that only counts.
type listener struct {
	conn net.PacketConn
	addr string
}

func listen(t testing.TB, network string) *listener {
	t.Helper()
	if network == "udp" {
		return listenAt(t, network, "127.0.0.1:0")
	}
	return listenAt(t, network, filepath.Join(t.TempDir(), "s"))
}

func listenAt(t testing.TB, network, addr string) *listener {
	t.Helper()
	conn, err := net.ListenPacket(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{conn, conn.LocalAddr().String()}
	t.Cleanup(l.close)
	return l
}

func (l *listener) address() string {
	if l.conn.LocalAddr().Network() == "unixgram" {
		return "unix:" + l.addr
	}
	return l.addr
}

func (l *listener) close() { _ = l.conn.Close() }

func (l *listener) next(t testing.TB) string {
	t.Helper()
	b := make([]byte, 1<<16)
	_ = l.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, _, err := l.conn.ReadFrom(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(b[:n])
}

// arrived is what a listener counted.
type arrived struct{ lines, broken, largest int }

// count reads until so many lines have arrived, or nothing does for a second.
func (l *listener) count() func(lines int) arrived {
	enough := make(chan int, 1)
	counted := make(chan arrived)
	go func() {
		var a arrived
		b := make([]byte, 1<<16)
		for want := math.MaxInt; a.lines < want; {
			_ = l.conn.SetReadDeadline(time.Now().Add(time.Second))
			n, _, err := l.conn.ReadFrom(b)
			select {
			case want = <-enough:
			default:
			}
			if err != nil && want < math.MaxInt {
				break
			}
			if err == nil {
				a.add(string(b[:n]))
			}
		}
		counted <- a
	}()
	return func(lines int) arrived { enough <- lines; return <-counted }
}

func (a *arrived) add(packet string) {
	a.largest = max(a.largest, len(packet))
	for line := range strings.SplitSeq(packet, "\n") {
		a.lines++
		if !strings.HasPrefix(line, "shop.requests.duration.") || !strings.HasSuffix(line, "|g|#status:200") {
			a.broken++
		}
	}
}
