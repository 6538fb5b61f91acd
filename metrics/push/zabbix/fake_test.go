package zabbix_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// fake is a server for what a real one of version 6.0 does not do: the ways of
// 7.0, and faults. It closes after one answer, as real ones do, and refuses what
// 7.0 refuses.
type fake struct {
	addr string

	mu       sync.Mutex
	requests []request
	problems []string
}

// request is what arrived in one frame.
type request struct {
	Request string `json:"request"`
	Host    string `json:"host"`
	Freq    int    `json:"heartbeat_freq"`
	Data    []row  `json:"data"`
	flags   byte
}

type row struct {
	Host, Key, Value string
	Clock            int64
	NS               int64
}

// newFake answers each request with what answer writes.
func newFake(t testing.TB, answer func(conn net.Conn, r request)) *fake {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{addr: l.Addr().String()}
	var running sync.WaitGroup
	open := make(map[net.Conn]bool)
	t.Cleanup(func() {
		_ = l.Close()
		f.mu.Lock()
		for conn := range open {
			_ = conn.Close()
		}
		f.mu.Unlock()
		running.Wait()
		for _, p := range f.problems {
			t.Error(p)
		}
	})
	running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			f.mu.Lock()
			open[conn] = true
			f.mu.Unlock()
			running.Go(func() { f.serve(conn, answer) })
		}
	})
	return f
}

func (f *fake) serve(conn net.Conn, answer func(net.Conn, request)) {
	defer func() { _ = conn.Close() }()
	r, err := readRequest(conn)
	f.mu.Lock()
	if err != nil {
		f.problems = append(f.problems, err.Error())
	}
	f.requests = append(f.requests, r)
	f.mu.Unlock()
	if err == nil {
		answer(conn, r)
	}
}

func readRequest(conn io.Reader) (request, error) {
	var r request
	var header [13]byte
	if _, err := io.ReadFull(conn, header[:]); err != nil {
		return r, fmt.Errorf("reading a header: %w", err)
	}
	r.flags = header[4]
	if string(header[:4]) != "ZBXD" || r.flags != 1 && r.flags != 3 {
		return r, fmt.Errorf("unsupported protocol version: header % x", header)
	}
	body := make([]byte, binary.LittleEndian.Uint32(header[5:]))
	if _, err := io.ReadFull(conn, body); err != nil {
		return r, fmt.Errorf("reading a body: %w", err)
	}
	if r.flags == 3 {
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return r, err
		}
		if body, err = io.ReadAll(z); err != nil {
			return r, err
		}
		if n := binary.LittleEndian.Uint32(header[9:]); int(n) != len(body) {
			return r, fmt.Errorf("%d bytes announced, %d inflated", n, len(body))
		}
	}
	return r, json.Unmarshal(body, &r)
}

// heard returns the requests so far.
func (f *fake) heard() []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]request(nil), f.requests...)
}

// takes answers that all values were processed.
func takes(conn net.Conn, r request) { say(conn, r.flags, verdict(len(r.Data), 0)) }

func verdict(processed, failed int) string {
	return fmt.Sprintf(`{"response":"success","info":"processed: %d; failed: %d; total: %d; seconds spent: 0.000100"}`, processed, failed, processed+failed)
}

// say writes an answer with the flags of the request, as servers do.
func say(conn net.Conn, flags byte, text string) { _, _ = conn.Write(framed(flags, text)) }

func framed(flags byte, text string) []byte {
	body, inflated := []byte(text), 0
	if flags == 3 {
		var b bytes.Buffer
		z := zlib.NewWriter(&b)
		_, _ = z.Write(body)
		_ = z.Close()
		body, inflated = b.Bytes(), len(text)
	}
	return append(header(flags, len(body), inflated), body...)
}

func header(flags byte, size, inflated int) []byte {
	h := append([]byte("ZBXD"), flags)
	h = binary.LittleEndian.AppendUint32(h, uint32(size))
	return binary.LittleEndian.AppendUint32(h, uint32(inflated))
}
