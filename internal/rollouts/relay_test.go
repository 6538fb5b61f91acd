package rollouts

import (
	"io"
	"net"
	"sync"
	"testing"
)

// relay stands between an instance and a server, and can be cut.
type relay struct {
	listener net.Listener
	target   string
	serving  sync.WaitGroup

	mu   sync.Mutex
	cut  bool                  // guarded by mu
	open map[net.Conn]struct{} // guarded by mu
}

func newRelay(t *testing.T, target string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, target: target, open: make(map[net.Conn]struct{})}
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
	for c := range r.open {
		_ = c.Close()
	}
	clear(r.open)
}

func (r *relay) serve() {
	for {
		client, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.serving.Go(func() { r.join(client) })
	}
}

// join passes everything on, both ways, until one side ends.
func (r *relay) join(client net.Conn) {
	server, err := net.Dial("tcp", r.target)
	if err != nil || !r.admit(client, server) {
		_ = client.Close()
		if server != nil {
			_ = server.Close()
		}
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

func (r *relay) admit(both ...net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range both {
		if !r.cut {
			r.open[c] = struct{}{}
		}
	}
	return !r.cut
}

func (r *relay) leave(both ...net.Conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range both {
		delete(r.open, c)
	}
}
