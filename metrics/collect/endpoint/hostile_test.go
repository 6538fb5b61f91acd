package endpoint_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"concierge/metrics"
	"concierge/metrics/collect/endpoint"
)

// hostile is a server that answers each connection by f, and no request at all
// if f does not read one.
func hostile(t *testing.T, f func(c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			request := make([]byte, 4096)
			_ = c.SetDeadline(time.Now().Add(time.Minute))
			_, _ = c.Read(request)
			f(c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String() + "/metrics"
}

// endlessly writes text until nobody takes it.
func endlessly(w io.Writer, text string) {
	for b := bytes.Repeat([]byte(text), 1+32<<10/len(text)); ; {
		if _, err := w.Write(b); err != nil {
			return
		}
	}
}

const ok = "HTTP/1.1 200 OK\r\n"

// TestHostileServerCostsLittle lets a server do its worst. Nothing may take
// longer than its timeout, or more memory than some times the bound of the body.
func TestHostileServerCostsLittle(t *testing.T) {
	const bound = 1 << 20
	for name, c := range map[string]struct {
		server func(c net.Conn)
		reason endpoint.Reason
		want   string
	}{
		"endless body": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"\r\n")
			endlessly(c, "a 1\n")
		}, endpoint.TooBig, "more than 1048576 bytes"},
		"endless chunks": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Transfer-Encoding: chunked\r\n\r\n")
			endlessly(c, "4\r\na 1\n\r\n")
		}, endpoint.TooBig, "more than 1048576 bytes"},
		"endless header": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"X: ")
			endlessly(c, "x")
		}, endpoint.Unreachable, "exceeded"},
		"endless headers": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok)
			endlessly(c, "X: y\r\n")
		}, endpoint.Unreachable, "exceeded"},
		"length of a terabyte": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Length: 1099511627776\r\n\r\na 1\n")
		}, endpoint.Unreachable, "unexpected EOF"},
		"length too long": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Length: 1000\r\n\r\na 1\n")
		}, endpoint.Unreachable, "unexpected EOF"},
		"length that is none": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Length: -5\r\n\r\na 1\n")
		}, endpoint.Unreachable, "Content-Length"},
		"bomb": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Encoding: gzip\r\n\r\n")
			z := gzip.NewWriter(c)
			endlessly(z, strings.Repeat("\n", 1<<16))
		}, endpoint.TooBig, "more than 1048576 bytes"},
		"no gzip": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Encoding: gzip\r\n\r\nplain")
		}, endpoint.Unreachable, "inflating"},
		"other encoding": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Encoding: br\r\n\r\nplain")
		}, endpoint.Unreachable, `encoded as "br"`},
		"slow drip": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"\r\n")
			for _, err := io.WriteString(c, "\n"); err == nil; _, err = io.WriteString(c, "\n") {
				time.Sleep(10 * time.Millisecond)
			}
		}, endpoint.TimedOut, "not finished after 500ms"},
		"silence":  {func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }, endpoint.TimedOut, "/metrics: not finished after 500ms"},
		"hangs up": {func(net.Conn) {}, endpoint.Unreachable, "EOF"},
		"noise":    {func(c net.Conn) { endlessly(c, "\x00\xff") }, endpoint.Unreachable, "exceeded"},
		"endless line": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"\r\n"+strings.Repeat("x", bound))
		}, endpoint.Unreadable, "no number"},
		"nesting": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"Content-Type: application/json\r\n\r\n"+`{"a":`+strings.Repeat("[", 100_000))
		}, endpoint.Unreadable, "levels deep"},
		"many small samples": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"\r\n"+strings.Repeat("a 1\n", bound/4))
		}, endpoint.TooBig, "more than 10000 samples"},
		"many small members": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"\r\n"+`{"a":{"b":{`+strings.Repeat(`"":1,`, bound/5-10)+`"":1}}}`)
		}, endpoint.TooBig, "too many values"},
		"many small labels": {func(c net.Conn) {
			_, _ = io.WriteString(c, ok+"\r\n"+strings.Repeat(`a{`+strings.Repeat("b", 1)+`="",c="",d="",e="",f="",g="",h="",i="",j="",k="",l="",m="",n=""} 1`+"\n", 9999))
		}, endpoint.TooBig, "100000 labels"},
		"many redirections": {func(c net.Conn) {
			_, _ = fmt.Fprintf(c, "HTTP/1.1 302 Found\r\nLocation: /metrics\r\nContent-Length: 0\r\n\r\n")
		}, endpoint.Refused, "status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			url := hostile(t, c.server)
			e := at(t, endpoint.HTTP{URL: url}, endpoint.Options{MaxBody: bound, MaxSamples: 10_000, Timeout: timeoutOf(c.reason)})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			refused(t, e, c.reason, c.want)
			runtime.ReadMemStats(&after)
			// What the server itself allocates counts, too.
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16*bound {
				t.Errorf("it cost %d MiB, want less than 16", grown>>20)
			}
			if took := time.Since(begun); took > 50*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// timeoutOf is short only where the timeout is what is tested.
func timeoutOf(r endpoint.Reason) time.Duration {
	if r == endpoint.TimedOut {
		return 500 * time.Millisecond
	}
	return 30 * time.Second
}

// TestHostileServerLeavesNothingBehind asks a hung server again and again.
func TestHostileServerLeavesNothingBehind(t *testing.T) {
	url := hostile(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	e := at(t, endpoint.HTTP{URL: url}, endpoint.Options{Timeout: 10 * time.Millisecond})
	var samples []metrics.Sample
	for range 20 {
		if _, err := e.Collect(t.Context(), samples); endpoint.ReasonOf(err) != endpoint.TimedOut {
			t.Fatalf("error is %v", err)
		}
	}
	before := runtime.NumGoroutine()
	for range 50 {
		_, _ = e.Collect(t.Context(), samples)
	}
	for deadline := time.Now().Add(20 * time.Second); runtime.NumGoroutine() > before+5; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, before 50 more readings %d", runtime.NumGoroutine(), before)
		}
	}
}
