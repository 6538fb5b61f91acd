package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
)

// badRequestError says that a request is not one.
type badRequestError struct{ err error }

func (e *badRequestError) Error() string { return e.err.Error() }
func (e *badRequestError) Unwrap() error { return e.err }

// answer runs an endpoint with a deadline and writes what came of it.
func answer(do endpoint) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
		defer cancel()
		answer, err := do(ctx, r)
		if err != nil {
			refuse(w, codeOf(err), err)
			return
		}
		write(w, http.StatusOK, answer)
	}
}

// logged notes who asked for something that changes the instance.
func (s *Server) logged(do endpoint) endpoint {
	return func(ctx context.Context, r *http.Request) (any, error) {
		c, _ := ctx.Value(credentialsKey{}).(credentials)
		s.log.Info("control request", "request", r.Method+" "+r.URL.Path, "uid", c.uid, "pid", c.pid)
		return do(ctx, r)
	}
}

// codeOf is the HTTP status of an error.
func codeOf(err error) int {
	_, isBad := errors.AsType[*badRequestError](err)
	_, isUnknown := errors.AsType[*UnknownJobError](err)
	switch {
	case isBad:
		return http.StatusBadRequest
	case isUnknown:
		return http.StatusNotFound
	case errors.Is(err, ErrStopping), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusUnprocessableEntity
}

// refuse writes an error.
func refuse(w http.ResponseWriter, code int, err error) {
	answer := errorAnswer{Error: err.Error()}
	if code == http.StatusGatewayTimeout {
		answer.Error = "the instance is busy and did not answer in time"
	}
	if unknown, ok := errors.AsType[*UnknownJobError](err); ok {
		answer.Job, answer.Known = unknown.Job, unknown.Known
	}
	write(w, code, answer)
}

// write writes an answer. A client that is gone does not hear it.
func write(w http.ResponseWriter, code int, answer any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(answer)
}
