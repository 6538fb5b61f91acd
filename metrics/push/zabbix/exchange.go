package zabbix

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"concierge/metrics"
)

// errHungUp is a server that closed the connection instead of answering: what
// those do that find a request too large, and those that are about to end.
var errHungUp = errors.New("the server closed the connection without an answer")

// errUnreached is a server to which there is no connection.
var errUnreached = errors.New("no connection")

// line makes connections. It may be used concurrently.
type line struct {
	timeout time.Duration // for a connection
	tls     *TLS
}

// ask sends one frame and returns the body of the answer. The server closes
// after one answer, so each request has a connection of its own. What it took is
// added to spent.
func (l line) ask(ctx context.Context, addr string, frame []byte, spent *metrics.Stages) ([]byte, error) {
	began := time.Now()
	conn, err := l.connect(ctx, addr)
	spent.Connect += time.Since(began)
	if err != nil {
		return nil, fmt.Errorf("connecting to Zabbix at %s: %w: %w", addr, errUnreached, cause(ctx, err))
	}
	defer func() { _ = conn.Close() }()
	defer obey(ctx, conn)()
	body, err := converse(conn, frame, spent)
	if err != nil {
		return nil, fmt.Errorf("asking Zabbix at %s: %w", addr, cause(ctx, err))
	}
	return body, nil
}

func converse(conn net.Conn, frame []byte, spent *metrics.Stages) ([]byte, error) {
	began := time.Now()
	_, err := conn.Write(frame)
	sent := time.Now()
	spent.Send += sent.Sub(began)
	if err != nil {
		return nil, hungUp(err)
	}
	body, err := readFrame(conn)
	spent.Wait += time.Since(sent)
	if err != nil {
		return nil, hungUp(err)
	}
	return body, nil
}

// connect ends within the timeout of a connection, the TLS handshake included.
func (l line) connect(ctx context.Context, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil || l.tls == nil {
		return conn, cause(ctx, err)
	}
	secure, err := l.tls.client(ctx, conn)
	if err != nil {
		return nil, errors.Join(cause(ctx, err), conn.Close())
	}
	return secure, nil
}

// obey makes the end of ctx end what conn waits for. Its result undoes that.
func obey(ctx context.Context, conn net.Conn) (undo func()) {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	return func() { stop() }
}

// hungUp names the ways in which a connection ends without an answer. Less than
// a whole answer is something else: the server has worked on the request.
func hungUp(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return fmt.Errorf("%w: %w", errHungUp, err)
	}
	return err
}

// cause tells a time that is over from all other errors.
func cause(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, metrics.ErrTimeout) {
		return err
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return context.Cause(ctx)
	}
	var timeout net.Error
	if ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return fmt.Errorf("%w (%w)", metrics.ErrTimeout, err)
	}
	return err
}
