package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// The bounds of what clients can cost.
const (
	maxConnections = 64
	maxFollowers   = 16 // of events; they keep their connections
	maxHeader      = 8 << 10
	maxBody        = 4 << 10
	// readTimeout bounds the time for sending the header of a request, and again
	// for its body.
	readTimeout = 3 * time.Second
	// answerTimeout bounds the wait for the instance, writeTimeout that and the
	// time for reading the answer.
	answerTimeout = 30 * time.Second
	writeTimeout  = answerTimeout + 5*time.Second
	// closeTimeout bounds the time for answers that are on their way at the end.
	closeTimeout = time.Second
)

// Server serves an instance on a socket.
type Server struct {
	socket   *Socket
	instance Instance
	events   *Events
	log      *slog.Logger

	http      *http.Server
	followers chan struct{} // a slot for each
	closing   chan struct{}
	serving   sync.WaitGroup
}

// Serve serves instance and its events on socket, which it takes over, until
// [Server.Close].
func Serve(socket *Socket, instance Instance, events *Events, log *slog.Logger) *Server {
	s := &Server{
		socket: socket, instance: instance, events: events, log: log.With("component", "control"),
		followers: make(chan struct{}, maxFollowers), closing: make(chan struct{}),
	}
	s.http = newHTTP(s.onlyOwners(s.routes()), s.log)
	s.http.ConnContext = withPeer
	s.serving.Go(func() {
		if err := s.http.Serve(limit(socket.listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("control socket is not served any more", "path", socket.path, "error", err)
		}
	})
	return s
}

// newHTTP makes a server whose clients can cost only so much.
func newHTTP(h http.Handler, log *slog.Logger) *http.Server {
	s := &http.Server{
		Handler: bounded(h),
		// No ReadTimeout: it would also end the wait for an answer, see bounded.
		ReadHeaderTimeout: readTimeout, WriteTimeout: writeTimeout,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	s.SetKeepAlivesEnabled(false) // a connection that does nothing must not take a slot
	return s
}

// end lets requests that are being answered end, for a second at most.
func end(s *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if s.Shutdown(ctx) != nil {
		return s.Close()
	}
	return nil
}

// Path is where the socket is.
func (s *Server) Path() string { return s.socket.path }

// Close removes the socket, lets requests that are being answered end, for a
// second at most, and returns when everything has ended. It is called once.
func (s *Server) Close() error {
	close(s.closing)
	err := end(s.http)
	s.serving.Wait()
	return errors.Join(err, s.socket.Close())
}
