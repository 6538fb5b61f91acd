package admin

import (
	"net"
	"sync"
)

// limited accepts a bounded number of connections at once. The others wait in
// the kernel's queue until one of them ends.
type limited struct {
	*net.UnixListener
	slots  chan struct{}
	closed chan struct{}
	once   sync.Once // guards the closing of closed
}

func limit(l *net.UnixListener, most int) *limited {
	return &limited{UnixListener: l, slots: make(chan struct{}, most), closed: make(chan struct{})}
}

// Accept implements [net.Listener].
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.slots <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	conn, err := l.AcceptUnix()
	if err != nil {
		<-l.slots
		return nil, err
	}
	return &counted{UnixConn: conn, free: sync.OnceFunc(func() { <-l.slots })}, nil
}

// Close implements [net.Listener].
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.UnixListener.Close()
}

// counted gives its slot back when it is closed.
type counted struct {
	*net.UnixConn
	free func()
}

// Close implements [net.Conn].
func (c *counted) Close() error {
	defer c.free()
	return c.UnixConn.Close()
}
