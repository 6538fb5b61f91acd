package admin

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// streamEvents writes the kept events, one line of JSON for each, and with
// ?follow=true all that come, until the client or the instance ends. Lines that
// come faster than the client reads are left out.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) {
	follow := r.FormValue("follow") == "true"
	if follow {
		select {
		case s.followers <- struct{}{}:
			defer func() { <-s.followers }()
		default:
			refuse(w, http.StatusServiceUnavailable, errors.New("too many clients follow the events; end one of them"))
			return
		}
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	lines, next, more := s.events.since(0)
	for {
		if writeLines(w, lines) != nil || !follow || !s.wait(r.Context(), more) {
			return
		}
		lines, next, more = s.events.since(next)
	}
}

// wait waits for more events; false means that there will be none.
func (s *Server) wait(ctx context.Context, more <-chan struct{}) bool {
	select {
	case <-more:
		return true
	case <-ctx.Done():
		return false
	case <-s.closing:
		return false
	}
}

// writeLines gives a client that does not read a bounded time.
func writeLines(w http.ResponseWriter, lines [][]byte) error {
	c := http.NewResponseController(w)
	if err := c.SetWriteDeadline(time.Now().Add(readTimeout)); err != nil {
		return err
	}
	for _, line := range lines {
		if _, err := w.Write(line); err != nil {
			return err
		}
	}
	return c.Flush()
}
