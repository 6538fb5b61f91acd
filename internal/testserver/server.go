package testserver

import (
	"context"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"
)

const (
	startTimeout = 60 * time.Second // from start to ready, on a busy machine
	stopTimeout  = 10 * time.Second // from SIGTERM to SIGKILL
)

// Server is a running server as one test sees it. Its methods are for that
// test's goroutine.
type Server struct {
	// Addr is host:port of the client API, which speaks plain HTTP or gRPC.
	Addr string
	// Token has every right. Empty for etcd, and for Consul without ACLs.
	Token string
	// Username and Password are etcd's root user when authentication is on.
	Username, Password string

	tb       testing.TB
	instance *instance
	shared   bool
}

// URL returns the base URL of the HTTP API.
func (s *Server) URL() string { return "http://" + s.Addr }

// Stop asks the server to end and waits until it did. Data stays for Start.
func (s *Server) Stop() {
	s.tb.Helper()
	s.own("Stop")
	s.instance.stop(syscall.SIGTERM)
}

// Kill ends the server at once, as a crash would. Data stays for Start.
func (s *Server) Kill() {
	s.tb.Helper()
	s.own("Kill")
	s.instance.stop(syscall.SIGKILL)
}

// Start starts a stopped server again, on the same port with the same data,
// and waits until it is ready.
func (s *Server) Start() {
	s.tb.Helper()
	s.own("Start")
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := s.instance.start(); err != nil {
		s.tb.Fatal(err)
	}
	if err := s.instance.awaitReady(ctx); err != nil {
		s.tb.Fatal(err)
	}
}

// Pause freezes the server: its connections stay open and silent. It returns
// when the server has stopped.
func (s *Server) Pause() {
	s.tb.Helper()
	s.signal("Pause", syscall.SIGSTOP)
	if err := awaitStopped(s.PID()); err != nil {
		s.tb.Fatalf("pausing %s: %v", s.instance.program, err)
	}
}

// Resume ends a Pause.
func (s *Server) Resume() { s.tb.Helper(); s.signal("Resume", syscall.SIGCONT) }

// PID returns the process ID of the running server, for measurements.
func (s *Server) PID() int {
	s.tb.Helper()
	if s.instance.process == nil {
		s.tb.Fatalf("asking for the process ID of %s: it is stopped", s.instance.program)
	}
	return s.instance.process.pid()
}

func (s *Server) signal(action string, sig syscall.Signal) {
	s.tb.Helper()
	s.own(action)
	if s.instance.process == nil {
		s.tb.Fatalf("%s of %s: it is stopped", action, s.instance.program)
	}
	s.instance.process.signal(sig)
}

// own guards servers that other tests use too.
func (s *Server) own(action string) {
	s.tb.Helper()
	if s.shared {
		s.tb.Fatalf("%s of the shared %s: other tests use it (start an own one instead)", action, s.instance.program)
	}
}

// handle is the view of one test on a running instance.
func handle(tb testing.TB, i *instance, shared bool) *Server {
	return &Server{
		Addr:  i.addr(0),
		Token: i.token, Username: i.username, Password: i.password,
		tb: tb, instance: i, shared: shared,
	}
}

func hostPort(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
