package consul_test

import (
	"io"
	"net"
	"sync"
	"testing"
)

// relay is an address whose server can be exchanged, as behind a load balancer.
type relay struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu     sync.Mutex
	target string
	open   []net.Conn
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
		r.moveTo("")
		r.serving.Wait()
	})
	return r
}

func (r *relay) addr() string { return r.listener.Addr().String() }

// moveTo drops all connections; new ones reach another server.
func (r *relay) moveTo(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
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
		r.mu.Lock()
		server, err := net.Dial("tcp", r.target)
		if err != nil {
			_ = client.Close()
		} else {
			r.open = append(r.open, client, server)
			r.join(client, server)
		}
		r.mu.Unlock()
	}
}

func (r *relay) join(a, b net.Conn) {
	copyTo := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src)
		_ = dst.Close()
	}
	r.serving.Go(func() { copyTo(a, b) })
	r.serving.Go(func() { copyTo(b, a) })
}
