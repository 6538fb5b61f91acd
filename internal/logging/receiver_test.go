package logging

import (
	"bufio"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/internal/config"
)

// receiver is a log daemon: it keeps every message it is sent.
type receiver struct {
	address string // for the setting
	stop    func() // ends it and waits until it has ended

	mu       sync.Mutex
	messages []string
}

func (r *receiver) add(message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.messages = append(r.messages, message)
}

func (r *receiver) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.messages...)
}

// await returns the messages as soon as there are n of them.
func (r *receiver) await(t *testing.T, n int) []string {
	t.Helper()
	eventually(t, func() bool { return len(r.all()) >= n }, func() string {
		return "messages: " + strings.Join(r.all(), "\n")
	})
	return r.all()
}

// eventually polls until done, and fails with what say returns.
func eventually(t *testing.T, done func() bool, say func() string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it never happened; ", say())
		}
	}
}

// receiveDatagrams listens on udp or unixgram.
func receiveDatagrams(t *testing.T, network, address string) *receiver {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{address: "unix://" + address}
	if network == "udp" {
		r.address = "udp://" + conn.LocalAddr().String()
	}
	var done sync.WaitGroup
	done.Go(func() {
		for b := make([]byte, 1<<16); ; {
			n, _, err := conn.ReadFrom(b)
			if err != nil {
				return
			}
			r.add(string(b[:n]))
		}
	})
	r.stop = sync.OnceFunc(func() { conn.Close(); done.Wait(); os.Remove(address) })
	t.Cleanup(r.stop)
	return r
}

// receiveStreams listens on tcp or unix. next reads one message of a stream.
func receiveStreams(t *testing.T, network, address string, next func(*bufio.Reader) (string, error)) *receiver {
	t.Helper()
	listener, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	r := &receiver{address: network + "://" + listener.Addr().String()}
	var done sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	done.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			done.Go(func() { r.readStream(conn, next) })
		}
	})
	r.stop = sync.OnceFunc(func() {
		listener.Close()
		mu.Lock()
		for _, conn := range open {
			conn.Close()
		}
		mu.Unlock()
		done.Wait()
	})
	t.Cleanup(r.stop)
	return r
}

func (r *receiver) readStream(conn net.Conn, next func(*bufio.Reader) (string, error)) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		message, err := next(in)
		if err != nil {
			return
		}
		r.add(message)
	}
}

func nextLine(in *bufio.Reader) (string, error) {
	line, err := in.ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

func nextCounted(in *bufio.Reader) (string, error) {
	count, err := in.ReadString(' ')
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(strings.TrimSpace(count))
	if err != nil {
		return "", err
	}
	b := make([]byte, n)
	_, err = io.ReadFull(in, b)
	return string(b), err
}

// socketPath is short enough for the address of a socket.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "log")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "socket")
}

// output is a standard error that can be read while it is written.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// start makes a logger that is closed with the test.
func start(t *testing.T, cfg config.Log) (*Logger, *output) {
	t.Helper()
	stderr := new(output)
	log, err := New(stderr, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	return log, stderr
}

// toSyslog is a configuration with the defaults of the settings.
func toSyslog(address, format string) config.Log {
	return config.Log{Level: "debug", Format: "text", Syslog: &config.Syslog{Facility: "LOCAL0", Tag: "concierge", Address: address, Format: format}}
}
