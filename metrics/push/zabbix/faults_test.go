package zabbix_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/push/zabbix"
)

func TestBadServersCostLittleAndAreTold(t *testing.T) {
	never := func(net.Conn, request) {}
	hang := func(conn net.Conn, _ request) { _, _ = conn.Read(make([]byte, 1)) }
	huge := bomb()
	lying := bytes.Clone(huge)
	copy(lying[9:], "\x10\x00\x00\x00")
	for name, c := range map[string]struct {
		answer  func(net.Conn, request)
		elapsed int64
	}{
		"hung":           {hang, -1},
		"dripping":       {drip, -1},
		"closing":        {never, 0},
		"truncated":      {func(c net.Conn, r request) { _, _ = c.Write(framed(1, verdict(1, 0))[:20]) }, 0},
		"header cut off": {func(c net.Conn, r request) { _, _ = c.Write([]byte("ZBXD\x01")) }, 0},
		"not Zabbix":     {func(c net.Conn, r request) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, 0},
		"length of 4 GB": {func(c net.Conn, r request) { _, _ = c.Write(header(1, 1<<32-1, 0)); pour(c) }, 0},
		"long length":    {func(c net.Conn, r request) { _, _ = c.Write(header(1, 1<<20, 0)); _, _ = c.Write([]byte("{}")) }, 0},
		"large lengths":  {func(c net.Conn, r request) { _, _ = c.Write(header(5, 1, 0)); pour(c) }, 0},
		"endless":        {func(c net.Conn, r request) { _, _ = c.Write(header(1, 1<<20, 0)); pour(c) }, 0},
		"bomb":           {func(c net.Conn, r request) { _, _ = c.Write(huge) }, 0},
		"lying bomb":     {func(c net.Conn, r request) { _, _ = c.Write(lying) }, 0},
		"no zlib":        {func(c net.Conn, r request) { _, _ = c.Write(append(header(3, 4, 4), "abcd"...)) }, 0},
		"no JSON":        {func(c net.Conn, r request) { say(c, 1, "processed: 1") }, 0},
		"no response":    {func(c net.Conn, r request) { say(c, 1, "{}") }, 0},
		"refusal":        {func(c net.Conn, r request) { say(c, 1, `{"response":"failed","info":"no"}`) }, 0},
		"other values":   {func(c net.Conn, r request) { say(c, 1, verdict(5, 0)) }, 0},
		"false sum":      {func(c net.Conn, r request) { say(c, 1, strings.Replace(verdict(1, 0), "failed: 0", "failed: 9", 1)) }, 0},
		"negative":       {func(c net.Conn, r request) { say(c, 1, verdict(2, -1)) }, 0},
		"no verdict":     {func(c net.Conn, r request) { say(c, 1, `{"response":"success","info":"fine"}`) }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, c.answer)
			target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Timeout: 500 * time.Millisecond, Discovery: zabbix.Discovery{Off: true}})
			before, begun := allocated(), time.Now()
			r, err := target.Push(t.Context(), snapshot([]metrics.Sample{gauge("a", 1)}))
			if took := time.Since(begun); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if got := allocated() - before; got > 16<<20 {
				t.Errorf("it took %d bytes of memory", got)
			}
			if got := metrics.Elapsed(time.Second, err); got != c.elapsed || err == nil {
				t.Errorf("the verdict is %d: %v", got, err)
			}
			if r.Sent != 1 || r.Accepted != 0 {
				t.Errorf("the receipt is %+v", r)
			}
		})
	}
}

// drip keeps a connection alive and never gets anywhere.
func drip(conn net.Conn, _ request) {
	text := framed(1, verdict(1, 0))
	for _, b := range bytes.Repeat(text[:1], 1000) {
		if _, err := conn.Write([]byte{b}); err != nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// pour writes for as long as somebody reads.
func pour(conn net.Conn) {
	zeros := make([]byte, 64<<10)
	for {
		if _, err := conn.Write(zeros); err != nil {
			return
		}
	}
}

// bomb is a few kilobytes that become 64 MB.
func bomb() []byte {
	var b bytes.Buffer
	z := zlib.NewWriter(&b)
	for range 64 {
		_, _ = z.Write(make([]byte, 1<<20))
	}
	_ = z.Close()
	return append(header(3, b.Len(), 1<<20), b.Bytes()...)
}

func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

func TestAnEndedContextIsNoTimeout(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := newFake(t, func(conn net.Conn, _ request) { cancel(); _, _ = conn.Read(make([]byte, 1)) })
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h"})
	_, err := target.Push(ctx, snapshot([]metrics.Sample{gauge("a", 1)}))
	if !errors.Is(err, context.Canceled) || errors.Is(err, metrics.ErrTimeout) {
		t.Errorf("the error is %v", err)
	}
}

func TestARequestThatIsTooLargeIsSentInParts(t *testing.T) {
	f := newFake(t, func(conn net.Conn, r request) {
		if len(r.Data) <= 1000 {
			takes(conn, r)
		}
	})
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Discovery: zabbix.Discovery{Off: true}})
	s := snapshot(timers(300))
	s.Samples = append(s.Samples, metrics.Sample{Name: "text", Kind: metrics.Text, Raw: "x"})
	for i := range 2 {
		r := push(t, target, s)
		if r.Accepted != 5100 || r.Sent != 5100 || r.NotNumeric != 1 {
			t.Errorf("push %d: the receipt is %+v", i, r)
		}
	}
	seen := make(map[string]bool)
	requests := f.heard()
	for _, q := range requests[len(requests)-17:] { // of the second push, which knows the size: 318 values each
		for _, v := range q.Data {
			seen[v.Key] = true
		}
	}
	if len(seen) != 5100 {
		t.Errorf("there were %d different keys in the last requests of %d", len(seen), len(requests))
	}
}

func TestAServerThatIsGoneIsNotAskedForSmallerRequests(t *testing.T) {
	f := newFake(t, func(net.Conn, request) {})
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Discovery: zabbix.Discovery{Off: true}})
	for range 2 {
		if _, err := target.Push(t.Context(), snapshot(timers(300))); metrics.Elapsed(time.Second, err) != 0 || err == nil {
			t.Errorf("the error is %v", err)
		}
	}
	if n := len(f.heard()); n > 10 {
		t.Errorf("it was asked %d times", n)
	}
}

func TestRedirectsAreFollowedOnceAndRemembered(t *testing.T) {
	other := newFake(t, takes)
	first := newFake(t, func(conn net.Conn, r request) {
		say(conn, r.flags, fmt.Sprintf(`{"response":"failed","redirect":{"revision":7,"address":%q}}`, other.addr))
	})
	target := newTarget(t, zabbix.Config{Nodes: []string{first.addr}, Host: "h", Discovery: zabbix.Discovery{Off: true}})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	if r := push(t, target, s); r.Accepted != 1 || r.Failovers != (metrics.Failovers{Redirected: 1}) {
		t.Errorf("the first receipt is %+v", r)
	}
	if r := push(t, target, s); r.Accepted != 1 || sum(r.Failovers) != 0 {
		t.Errorf("the second receipt is %+v", r)
	}
	if len(first.heard()) != 1 || len(other.heard()) != 2 {
		t.Errorf("the proxies heard %d and %d requests", len(first.heard()), len(other.heard()))
	}
}

func TestAResetLeadsBackToTheConfiguredNodes(t *testing.T) {
	other := newFake(t, func(conn net.Conn, r request) { say(conn, r.flags, `{"response":"failed","redirect":{"reset":true}}`) })
	first := newFake(t, redirectsFirst(other.addr))
	target := newTarget(t, zabbix.Config{Nodes: []string{first.addr}, Host: "h", Discovery: zabbix.Discovery{Off: true}})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	if _, err := target.Push(t.Context(), s); err == nil { // redirected, and there sent back: one retry per exchange
		t.Error("a reset was taken for a success")
	}
	if r := push(t, target, s); r.Accepted != 1 {
		t.Errorf("the receipt is %+v", r)
	}
}

// redirectsFirst redirects the first request and takes all others.
func redirectsFirst(to string) func(net.Conn, request) {
	var asked atomic.Bool
	return func(conn net.Conn, r request) {
		if asked.Swap(true) {
			takes(conn, r)
			return
		}
		say(conn, r.flags, fmt.Sprintf(`{"response":"failed","redirect":{"revision":1,"address":%q}}`, to))
	}
}

func TestRedirectLoopsEnd(t *testing.T) {
	f := newFake(t, func(conn net.Conn, r request) {
		say(conn, r.flags, fmt.Sprintf(`{"response":"failed","redirect":{"revision":1,"address":%q}}`, conn.LocalAddr()))
	})
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Discovery: zabbix.Discovery{Off: true}})
	if _, err := target.Push(t.Context(), snapshot([]metrics.Sample{gauge("a", 1)})); err == nil || len(f.heard()) != 2 {
		t.Errorf("after %d requests the error is %v", len(f.heard()), err)
	}
}

func TestADeadRedirectIsForgotten(t *testing.T) {
	first := newFake(t, redirectsFirst(closedAddr(t)))
	target := newTarget(t, zabbix.Config{Nodes: []string{first.addr}, Host: "h", Discovery: zabbix.Discovery{Off: true}})
	if r := push(t, target, snapshot([]metrics.Sample{gauge("a", 1)})); r.Accepted != 1 || r.Failovers != (metrics.Failovers{Refused: 1, Redirected: 1}) {
		t.Errorf("the receipt is %+v", r)
	}
}

func TestAHungNodeLeavesTimeForTheNextInTheSameDelivery(t *testing.T) {
	hung := newFake(t, func(conn net.Conn, _ request) { _, _ = conn.Read(make([]byte, 1)) })
	good := newFake(t, takes)
	target := newTarget(t, zabbix.Config{Nodes: []string{hung.addr, good.addr}, Host: "h", Timeout: time.Second, Discovery: zabbix.Discovery{Off: true}})
	s := snapshot([]metrics.Sample{gauge("a", 1)})
	if r := push(t, target, s); r.Accepted != 1 || r.Failovers != (metrics.Failovers{TimedOut: 1}) || r.Stages.Wait < 100*time.Millisecond {
		t.Errorf("the receipt is %+v", r)
	}
	if r := push(t, target, s); r.Accepted != 1 || sum(r.Failovers) != 0 || len(hung.heard()) != 1 {
		t.Errorf("the receipt of the second push is %+v, and the hung node was asked %d times", r, len(hung.heard()))
	}
}

func TestNodesThatAllHangShareTheTimeOfOneDelivery(t *testing.T) {
	hang := func(conn net.Conn, _ request) { _, _ = conn.Read(make([]byte, 1)) }
	one, two, three := newFake(t, hang), newFake(t, hang), newFake(t, hang)
	target := newTarget(t, zabbix.Config{Nodes: []string{one.addr, two.addr, three.addr}, Host: "h", Timeout: 600 * time.Millisecond, Discovery: zabbix.Discovery{Off: true}})
	begun := time.Now()
	_, err := target.Push(t.Context(), snapshot([]metrics.Sample{gauge("a", 1)}))
	if took := time.Since(begun); !errors.Is(err, metrics.ErrTimeout) || took > 3*time.Second {
		t.Errorf("after %s the error is %v", took, err)
	}
	for _, addr := range []string{one.addr, two.addr, three.addr} {
		if strings.Count(err.Error(), addr+": no answer in time") != 1 {
			t.Errorf("the error does not say that %s was asked: %v", addr, err)
		}
	}
}

func TestHeartbeatsArriveWhileAPushHangs(t *testing.T) {
	f := newFake(t, func(conn net.Conn, r request) {
		if r.Request == "sender data" && r.Data[0].Key != "container.state" {
			_, _ = conn.Read(make([]byte, 1))
			return
		}
		if r.Request == "sender data" {
			takes(conn, r)
		}
	})
	target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Heartbeat: time.Minute, Discovery: zabbix.Discovery{Off: true}})
	ctx, cancel := context.WithCancel(t.Context())
	pushed := make(chan error)
	go func() { _, err := target.Push(ctx, snapshot(timers(100))); pushed <- err }()
	for len(f.heard()) == 0 {
		runtime.Gosched()
	}
	for range 3 {
		r, err := target.Beat(t.Context(), snapshot([]metrics.Sample{{Name: "container.state", Value: 1}}))
		if err != nil || r.Accepted != 1 {
			t.Errorf("the receipt is %+v, %v", r, err)
		}
	}
	cancel()
	if err := <-pushed; !errors.Is(err, context.Canceled) {
		t.Errorf("the push ended with %v", err)
	}
	heard := f.heard()
	if last := heard[len(heard)-1]; last.Request != "active check heartbeat" || last.Host != "h" || last.Freq != 60 {
		t.Errorf("the last request is %+v", last)
	}
}

func TestCompressionIsForWhatIsLargeOrAsked(t *testing.T) {
	few, lots := snapshot([]metrics.Sample{gauge("a", 1)}), snapshot(timers(100))
	for name, c := range map[string]struct {
		setting zabbix.Compression
		s       *metrics.Snapshot
		flags   byte
	}{
		"few": {zabbix.CompressAuto, few, 1}, "many": {zabbix.CompressAuto, lots, 3},
		"always": {zabbix.CompressAlways, few, 3}, "never": {zabbix.CompressNever, lots, 1},
	} {
		f := newFake(t, takes)
		target := newTarget(t, zabbix.Config{Nodes: []string{f.addr}, Host: "h", Compression: c.setting, Discovery: zabbix.Discovery{Off: true}})
		r := push(t, target, c.s)
		got := f.heard()[0]
		if got.flags != c.flags || len(got.Data) != len(c.s.Samples) || r.Accepted != len(c.s.Samples) {
			t.Errorf("%s: flags %d, %d values, receipt %+v", name, got.flags, len(got.Data), r)
		}
		for _, v := range got.Data {
			if v.Host != "h" || v.Clock != c.s.At.Unix() || v.NS != int64(c.s.At.Nanosecond()) {
				t.Fatalf("%s: a row is %+v", name, v)
			}
		}
	}
}
