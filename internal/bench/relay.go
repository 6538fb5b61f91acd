package bench

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// relay passes connections on to an HTTP server, one for each, and counts the
// answers "429 Too Many Requests": a client may hide them by trying again.
type relay struct {
	listener net.Listener
	server   string
	running  sync.WaitGroup
	refused  atomic.Int64
}

func newRelay(server string) (*relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	r := &relay{listener: l, server: server}
	r.running.Go(r.accept)
	return r, nil
}

func (r *relay) address() string { return r.listener.Addr().String() }

// close waits for the connections, which end with their clients.
func (r *relay) close() {
	_ = r.listener.Close()
	r.running.Wait()
}

func (r *relay) accept() {
	for {
		client, err := r.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			r.running.Go(func() { r.pass(client) })
		}
	}
}

// pass moves bytes both ways until one side is done.
func (r *relay) pass(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", r.server)
	if err != nil {
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(server, client)
		_ = server.Close()
	})
	both.Go(func() {
		_, _ = io.Copy(counter{client, &r.refused}, server)
		_ = client.Close()
	})
	both.Wait()
}

// counter counts refusals that are written through it. An answer begins a
// packet, since the server waits for the next request before it.
type counter struct {
	io.Writer
	refused *atomic.Int64
}

func (c counter) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("HTTP/1.1 429")) {
		c.refused.Add(1)
	}
	return c.Writer.Write(p)
}
