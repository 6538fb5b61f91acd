package testserver

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Relay stands between clients and a server, and can be cut, or be led to
// another server as behind a load balancer. Its methods may be called
// concurrently.
type Relay struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu     sync.Mutex
	target string                // guarded by mu
	cut    bool                  // guarded by mu
	open   map[net.Conn]struct{} // guarded by mu
}

// NewRelay starts a relay to host:port of a server. It ends with the test.
func NewRelay(tb testing.TB, target string) *Relay {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	r := &Relay{listener: listener, target: target, open: make(map[net.Conn]struct{})}
	r.serving.Go(r.serve)
	tb.Cleanup(func() {
		_ = listener.Close()
		r.Cut(true)
		r.serving.Wait()
	})
	return r
}

// Addr is host:port for the clients.
func (r *Relay) Addr() string { return r.listener.Addr().String() }

// Cut ends all connections and refuses new ones, or takes them again.
func (r *Relay) Cut(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	r.hangUp()
}

// MoveTo ends all connections; new ones reach another server.
func (r *Relay) MoveTo(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
	r.hangUp()
}

// hangUp is called with mu held.
func (r *Relay) hangUp() {
	for c := range r.open {
		_ = c.Close()
	}
	clear(r.open)
}

func (r *Relay) serve() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.serving.Go(func() { r.join(client) })
	}
}

// join passes everything on, both ways, until one side ends.
func (r *Relay) join(client net.Conn) {
	defer func() { _ = client.Close() }()
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	if !r.admit(target, client, server) {
		return
	}
	defer r.leave(client, server)
	pass := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src)
		_, _ = dst.Close(), src.Close()
	}
	r.serving.Go(func() { pass(client, server) })
	pass(server, client)
}

// admit notes two connections, unless the relay was cut or moved meanwhile.
func (r *Relay) admit(target string, both ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut || r.target != target {
		return false
	}
	for _, c := range both {
		r.open[c] = struct{}{}
	}
	return true
}

func (r *Relay) leave(both ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range both {
		delete(r.open, c)
	}
}
