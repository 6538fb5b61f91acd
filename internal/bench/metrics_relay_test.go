package bench

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// exchange is what came by one connection to a Zabbix server.
type exchange struct {
	began, ended      time.Time
	frames            int // requests in the connection
	wire, plain       int // bytes of the request, and of its body when inflated
	processed, failed int
	spent             time.Duration // that the server says
	last              bool          // it says that the process has ended
}

// saysEnded is what last words hold. They are too short to be compressed.
const saysEnded = `"container.state","value":"0"`

func (e exchange) values() int { return e.processed + e.failed }

// mood is what a relay does with pushes instead of passing them on. It ends with
// the client, which ends before the relay does.
type mood func(client net.Conn)

// pushRelay passes frames on to a Zabbix server and keeps account of them, or
// treats them as its mood is. What is small is always passed on.
type pushRelay struct {
	addr     string
	server   string
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex
	mood  mood       // guarded by mu; nil passes everything on
	moody int        // guarded by mu; frames that met a mood
	all   []exchange // guarded by mu
	more  chan struct{}
	end   chan struct{}

	least int // bytes of what counts as a push, beside heartbeats
}

// smallFrame is above all heartbeats and below all pushes of thousands.
const smallFrame = 1 << 10

func newPushRelay(tb testing.TB, server string) *pushRelay {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r := &pushRelay{addr: l.Addr().String(), server: server, listener: l, more: make(chan struct{}, 1), end: make(chan struct{})}
	r.running.Go(func() { r.accept(l) })
	tb.Cleanup(func() {
		_ = l.Close()
		close(r.end)
		r.running.Wait()
	})
	return r
}

func (r *pushRelay) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		r.running.Go(func() {
			defer func() { _ = client.Close() }()
			r.pass(client)
		})
	}
}

// pass moves one frame and its answer, and looks whether another one follows.
func (r *pushRelay) pass(client net.Conn) {
	e := exchange{began: time.Now()}
	frame, plain, err := readPush(client)
	if err != nil {
		return
	}
	e.wire, e.plain, e.frames = len(frame), plain, 1
	e.last = bytes.Contains(frame, []byte(saysEnded))
	if m := r.moodFor(len(frame)); m != nil {
		m(client)
		return
	}
	answer := r.answerOf(frame)
	if len(answer) == 0 {
		return // as of some heartbeats: the client waits for the end of the connection
	}
	_, _ = client.Write(answer)
	e.ended = time.Now()
	e.read(answer)
	e.frames += another(client)
	r.note(e)
}

// read takes the verdict from an answer, which is compressed if the request was.
func (e *exchange) read(answer []byte) {
	const header, flags, compressed = 13, 4, 2
	if len(answer) < header {
		return
	}
	body := answer[header:]
	if answer[flags]&compressed != 0 {
		z, err := zlib.NewReader(bytes.NewReader(body))
		if err != nil {
			return
		}
		body, _ = io.ReadAll(z)
	}
	_, info, _ := bytes.Cut(body, []byte(`"info":"`))
	var total int
	var seconds float64
	_, _ = fmt.Sscanf(string(info), "processed: %d; failed: %d; total: %d; seconds spent: %f", &e.processed, &e.failed, &total, &seconds)
	e.spent = time.Duration(seconds * float64(time.Second))
}

// another is 1 if a client goes on after it got its answer.
func another(client net.Conn) int {
	_ = client.SetReadDeadline(time.Now().Add(time.Second)) // it closes at once
	n, _ := client.Read(make([]byte, 1))
	return n
}

// answerOf asks the server.
func (r *pushRelay) answerOf(frame []byte) []byte {
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		return nil
	}
	defer func() { _ = server.Close() }()
	_, _ = server.Write(frame)
	answer, _ := io.ReadAll(server)
	return answer
}

// readPush reads one frame, and how long its body is when inflated.
func readPush(from io.Reader) (frame []byte, plain int, err error) {
	var header [13]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return nil, 0, err
	}
	size, inflated := binary.LittleEndian.Uint32(header[5:]), binary.LittleEndian.Uint32(header[9:])
	frame = append(header[:], make([]byte, size)...)
	_, err = io.ReadFull(from, frame[len(header):])
	return frame, int(max(size, inflated)), err
}

func (r *pushRelay) note(e exchange) {
	r.mu.Lock()
	r.all = append(r.all, e)
	r.mu.Unlock()
	select {
	case r.more <- struct{}{}:
	default:
	}
}

func (r *pushRelay) moodFor(frame int) mood {
	r.mu.Lock()
	defer r.mu.Unlock()
	if frame <= smallFrame || r.mood == nil {
		return nil
	}
	r.moody++
	return r.mood
}

// be sets the mood and returns how many frames met the one before.
func (r *pushRelay) be(m mood) (met int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	met, r.mood, r.moody = r.moody, m, 0
	return met
}

// pushes are the exchanges with at least so many values since a moment.
func (r *pushRelay) pushes(since time.Time, least int) []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	var some []exchange
	for _, e := range r.all {
		if e.values() >= least && e.plain >= r.least && e.began.After(since) {
			some = append(some, e)
		}
	}
	return some
}

// await waits until there are n pushes of at least so many values since a
// moment that done agrees with.
func (r *pushRelay) await(tb testing.TB, since time.Time, n, least int, within time.Duration, done func(exchange) bool) []exchange {
	tb.Helper()
	limit := time.NewTimer(within)
	defer limit.Stop()
	for {
		all := r.pushes(since, least)
		var some []exchange
		for _, e := range all {
			if done(e) {
				some = append(some, e)
			}
		}
		if len(some) >= n {
			return some
		}
		select {
		case <-r.more:
		case <-limit.C:
			tb.Fatalf("there were %d of %d such pushes within %s; all are %+v", len(some), n, within, last(r.pushes(time.Time{}, 0), 5))
		case <-tb.Context().Done():
			tb.Fatal(tb.Context().Err())
		}
	}
}

func last[T any](all []T, n int) []T { return all[max(0, len(all)-n):] }

func anyPush(exchange) bool { return true }

func fullyTaken(e exchange) bool { return e.failed == 0 }

// away stops taking connections.
func (r *pushRelay) away() { _ = r.listener.Close() }
