package logging

import (
	"context"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	// queueLength is how many messages wait for a log daemon. Each is shorter
	// than 8 KiB.
	queueLength = 1024
	firstDelay  = 100 * time.Millisecond
	maxDelay    = 10 * time.Second
	// flushTimeout is how long a daemon may take for what waits at the end.
	flushTimeout = 2 * time.Second
)

// sender hands messages to a log daemon, in order, from a goroutine of its
// own. It connects again by itself; while it cannot, messages wait in the
// queue, and those that find it full are lost and counted.
type sender struct {
	at     endpoint
	head   header
	outage outage
	queue  chan []byte

	ending  context.Context // done when close begins
	end     context.CancelFunc
	running context.Context // done when close gives up
	stop    context.CancelFunc
	done    sync.WaitGroup

	conn net.Conn // belongs to run
}

func startSender(at endpoint, head header, log *slog.Logger) *sender {
	s := &sender{
		at: at, head: head, queue: make(chan []byte, queueLength),
		outage: outage{log: log, hint: "start the log daemon or set log.syslog.address; concierge goes on without it"},
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.ending, s.end = context.WithCancel(s.running)
	s.done.Go(s.run)
	return s
}

// enqueue never blocks.
func (s *sender) enqueue(message []byte) {
	select {
	case s.queue <- message:
	default:
		s.outage.missing(1)
	}
}

// close sends what waits, for flushTimeout at most. Calling it again does
// nothing.
func (s *sender) close() {
	defer s.stop()
	defer time.AfterFunc(flushTimeout, s.stop).Stop()
	s.end()
	s.done.Wait()
}

func (s *sender) run() {
	defer s.outage.ended()
	defer s.disconnect()
	for {
		select {
		case m := <-s.queue:
			s.deliver(m)
		case <-s.ending.Done():
			s.flush()
			return
		}
	}
}

// flush sends what waits, until the first failure.
func (s *sender) flush() {
	for {
		select {
		case m := <-s.queue:
			if !s.deliver(m) {
				s.outage.missing(len(s.queue))
				return
			}
		default:
			return
		}
	}
}

// deliver sends a message, again and again until it succeeds. When the sender
// is being closed it tries once.
func (s *sender) deliver(message []byte) bool {
	for delay := firstDelay; ; delay = min(2*delay, maxDelay) {
		err := s.send(message)
		if err == nil {
			if n := s.outage.works(); n > 0 {
				_ = s.send(s.head.missed(n)) // standard error has it already
			}
			return true
		}
		s.outage.failed(err)
		if s.ending.Err() != nil {
			s.outage.missing(1)
			return false
		}
		s.pause(delay/2 + rand.N(delay)) // a fleet does not reconnect at once
	}
}

// pause waits until it is time to try again, or to end.
func (s *sender) pause(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-s.ending.Done():
	}
}

// send writes to the present connection. If that fails, the daemon may have
// been restarted, so it tries a new connection at once.
func (s *sender) send(message []byte) error {
	if s.conn != nil && s.write(message) == nil {
		return nil
	}
	s.disconnect()
	conn, err := s.at.dial(s.running)
	if err != nil {
		return err
	}
	s.conn = conn
	if isStream(conn) {
		s.done.Go(func() { closeWithPeer(conn) })
	}
	return s.write(message)
}

// write writes one message in bounded time.
func (s *sender) write(message []byte) error {
	if isStream(s.conn) {
		message = framed(message, s.head.modern)
	}
	deadline := time.Now().Add(writeTimeout)
	if err := s.conn.SetWriteDeadline(deadline); err != nil {
		return err
	}
	_, err := s.conn.Write(message)
	return err
}

// closeWithPeer closes a stream that the daemon has closed. Without that the
// first message after it would be written and lost. The daemon never says
// anything else.
func closeWithPeer(conn net.Conn) {
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
}

func (s *sender) disconnect() {
	if s.conn != nil {
		_ = s.conn.Close()
		s.conn = nil
	}
}
