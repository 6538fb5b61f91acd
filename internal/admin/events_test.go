package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"concierge/internal/admin"
)

// all returns the messages of the kept events.
func all(t *testing.T, c *admin.Client) []string {
	t.Helper()
	var msgs []string
	err := c.Events(t.Context(), false, func(line []byte) error {
		msgs = append(msgs, message(t, line))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return msgs
}

func message(t *testing.T, line []byte) string {
	t.Helper()
	var e struct{ Msg string }
	if err := json.Unmarshal(line, &e); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	return e.Msg
}

func TestLastEventsAreKept(t *testing.T) {
	s := serve(t, new(recording))
	log := slog.New(s.events.Handler())
	for n := range 1000 {
		log.Debug("too small")
		log.Info(fmt.Sprint("event ", n))
	}
	got := all(t, s.Client)
	if len(got) != 256 || got[0] != "event 744" || got[255] != "event 999" {
		t.Errorf("%d events, %s to %s", len(got), got[0], got[len(got)-1])
	}
	log.Info(strings.Repeat("x", 1<<20-10_000))
	if got := all(t, s.Client); len(got) < 2 || len(got) > 150 {
		t.Errorf("%d events are kept beside a large one", len(got))
	}
	log.Info(strings.Repeat("y", 2<<20))
	if got := all(t, s.Client); len(got) != 1 || got[0][0] != 'y' {
		t.Errorf("%d events are kept beside a huge one", len(got))
	}
}

func TestFollowersSeeEveryEventAndEndWithTheServer(t *testing.T) {
	s := serve(t, new(recording))
	log := slog.New(s.events.Handler())
	log.Info("0")
	seen, ended := make(chan string), make(chan error, 1)
	go func() {
		ended <- s.Events(t.Context(), true, func(line []byte) error { seen <- message(t, line); return nil })
	}()
	for n := range 100 {
		if got := <-seen; got != fmt.Sprint(n) {
			t.Fatalf("event %s, want %d", got, n)
		}
		log.Info(fmt.Sprint(n + 1))
	}
	<-seen
	start := time.Now()
	if err := s.close(); err != nil || time.Since(start) > 900*time.Millisecond {
		t.Errorf("the end took %v, %v", time.Since(start), err)
	}
	if err := <-ended; err != nil {
		t.Errorf("the follower ended with %v", err)
	}
}

func TestFollowerEndsWithItsContext(t *testing.T) {
	s := serve(t, new(recording))
	slog.New(s.events.Handler()).Info("one")
	ctx, cancel := context.WithCancel(t.Context())
	err := s.Events(ctx, true, func([]byte) error { cancel(); return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	stop := errors.New("enough")
	if err := s.Events(t.Context(), true, func([]byte) error { return stop }); err != stop {
		t.Errorf("error %v", err)
	}
}

// TestFollowersThatDoNotReadHoldUpNobody: neither who logs nor other clients,
// of whom slots are left.
func TestFollowersThatDoNotReadHoldUpNobody(t *testing.T) {
	s := serve(t, new(recording))
	log := slog.New(s.events.Handler())
	for range 16 {
		conn, err := net.Dial("unix", s.path)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close() }()
		if _, err := fmt.Fprint(conn, "GET /v1/events?follow=true HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
		if first, err := bufio.NewReaderSize(conn, 16).ReadString(' '); err != nil || first != "HTTP/1.1 " { // it follows
			t.Fatalf("%q, %v", first, err)
		}
	}
	err := s.Events(t.Context(), true, func([]byte) error { return nil })
	if answer, ok := errors.AsType[*admin.AnswerError](err); !ok || answer.Code != http.StatusServiceUnavailable {
		t.Errorf("there is no bound of followers: %v", err)
	}
	text := strings.Repeat("x", 10_000)
	for range 2000 { // far more than the kernel's buffers hold
		log.Info(text)
	}
	if got := all(t, s.Client); len(got) < 50 {
		t.Errorf("%d events", len(got))
	}
	if _, err := s.Status(t.Context()); err != nil {
		t.Error(err)
	}
}
