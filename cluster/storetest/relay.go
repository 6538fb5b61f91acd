package storetest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// relay stands between a client and its server, and can be cut.
type relay struct {
	listener net.Listener
	target   string
	serving  sync.WaitGroup

	mu   sync.Mutex
	cut  bool       // guarded by mu
	open []net.Conn // guarded by mu
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, target: target}
	r.serving.Go(r.serve)
	t.Cleanup(func() {
		_ = listener.Close()
		r.set(true)
		r.serving.Wait()
	})
	return r
}

func (r *relay) addr() string { return r.listener.Addr().String() }

// set cuts all connections and refuses new ones, or takes them again.
func (r *relay) set(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	for _, c := range r.open {
		_ = c.Close()
	}
	r.open = nil
}

func (r *relay) serve() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.join(client)
	}
}

func (r *relay) join(client net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cut {
		_ = client.Close()
		return
	}
	server, err := net.Dial("tcp", r.target)
	if err != nil {
		_ = client.Close()
		return
	}
	r.open = append(r.open, client, server)
	pass := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src)
		_ = dst.Close()
	}
	r.serving.Go(func() { pass(client, server) })
	r.serving.Go(func() { pass(server, client) })
}
