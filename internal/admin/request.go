package admin

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// bounded reads the whole body of a request before anybody acts on it, in a
// bounded time and size, so that afterwards there is only the answer to wait
// for.
func bounded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := readBody(w, r)
		if err != nil {
			w.Header().Set("Connection", "close")
			code := http.StatusBadRequest
			if _, large := errors.AsType[*http.MaxBytesError](err); large {
				code = http.StatusRequestEntityTooLarge
			}
			refuse(w, code, fmt.Errorf("reading the request: %w", err))
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Now().Add(readTimeout)); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, err
	}
	return body, c.SetReadDeadline(time.Time{})
}
