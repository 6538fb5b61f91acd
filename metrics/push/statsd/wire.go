package statsd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"concierge/metrics"
)

// burst is how many packets leave at once. The smallest receive buffer that
// kernels give holds some 90 packets of 1,432 bytes.
const burst = 16

// wire is a socket to the receiver, with what keeps the pace. It belongs to one
// goroutine.
type wire struct {
	place place
	rate  int // packets a second
	conn  net.Conn
	since time.Time // when the socket was made
	sent  int       // since the last pause
}

// renewAfter is how long a socket is used: the name may have got another address.
const renewAfter = time.Minute

// open makes the socket if there is none, or a stale one.
func (w *wire) open(ctx context.Context) error {
	if w.conn != nil && time.Since(w.since) < renewAfter {
		return nil
	}
	w.close()
	conn, err := new(net.Dialer).DialContext(ctx, w.place.network, w.place.address)
	if err != nil {
		return reason(ctx, err)
	}
	w.conn, w.since = conn, time.Now()
	return nil
}

// send writes one packet, after a pause if the pace demands it.
func (w *wire) send(ctx context.Context, packet []byte) error {
	if err := w.pace(ctx); err != nil {
		return err
	}
	deadline, _ := ctx.Deadline()
	err := w.conn.SetWriteDeadline(deadline)
	if err == nil {
		_, err = w.conn.Write(packet)
	}
	if err == nil {
		err = w.refused()
	}
	if err != nil {
		w.close()
		return reason(ctx, err)
	}
	return nil
}

// pace waits between bursts.
func (w *wire) pace(ctx context.Context) error {
	if w.sent++; w.sent <= burst {
		return nil
	}
	w.sent = 1
	pause := time.NewTimer(burst * time.Second / time.Duration(w.rate))
	defer pause.Stop()
	select {
	case <-pause.C:
		return nil
	case <-ctx.Done():
		return reason(ctx, ctx.Err())
	}
}

// refused is the error that the kernel got for a packet after it had taken it: a
// receiver on this machine that is not there answers at once.
func (w *wire) refused() error {
	socket, ok := w.conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return err
	}
	var pending int
	if e := raw.Control(func(fd uintptr) {
		pending, err = syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_ERROR)
	}); e != nil || err != nil {
		return errors.Join(e, err)
	}
	if pending != 0 {
		return syscall.Errno(pending)
	}
	return nil
}

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close()
		w.conn = nil
	}
}

// lost reports whether nobody received even the packets before.
func lost(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }

// reason tells a time that is over from other errors, and what to do about the
// usual ones.
func reason(ctx context.Context, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return context.Cause(ctx)
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w (%w)", metrics.ErrTimeout, err)
	case errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ENOENT):
		return fmt.Errorf("nobody receives there: is the agent running, and is its address right? (%w)", err)
	case errors.Is(err, syscall.EMSGSIZE):
		return fmt.Errorf("the packet is too large for the way: it has what an Ethernet frame or a socket takes, so see the MTU on the way (%w)", err)
	}
	return err
}
