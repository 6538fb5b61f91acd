package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"syscall"
)

// The bodies of requests and answers.
type (
	signalRequest struct {
		Signal int `json:"signal"` // its number
	}
	maintenanceRequest struct {
		On *bool `json:"on"`
	}
	maintenanceAnswer struct {
		Changed bool `json:"changed"`
	}
	retryAnswer struct {
		Sets []string `json:"sets"`
	}
	levelRequest struct {
		Level *slog.Level `json:"level"`
	}
	levelAnswer struct {
		Previous slog.Level `json:"previous"`
	}
	errorAnswer struct {
		Error string   `json:"error"`
		Job   string   `json:"job,omitempty"` // is unknown
		Known []string `json:"known,omitempty"`
	}
)

// done is the answer to a request that asks for nothing but to be done.
type done struct{}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", answer(s.status))
	if h, ok := s.instance.(Health); ok {
		mux.HandleFunc("GET /v1/live", answer(told(h.Live)))
		mux.HandleFunc("GET /v1/ready", answer(told(h.Ready)))
	}
	mux.HandleFunc("POST /v1/reload", answer(s.logged(s.reload)))
	mux.HandleFunc("POST /v1/jobs/{job}/restart", answer(s.logged(s.restart)))
	mux.HandleFunc("POST /v1/jobs/{job}/signal", answer(s.logged(s.signal)))
	mux.HandleFunc("PUT /v1/maintenance", answer(s.logged(s.maintenance)))
	mux.HandleFunc("POST /v1/retry", answer(s.logged(s.retry)))
	mux.HandleFunc("PUT /v1/log-level", answer(s.logged(s.logLevel)))
	mux.HandleFunc("GET /v1/events", s.streamEvents)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, fmt.Errorf("there is no %s %s", r.Method, r.URL.Path))
	})
	return mux
}

// endpoint does what a request asks for and returns what is said of it.
type endpoint func(ctx context.Context, r *http.Request) (any, error)

func (s *Server) status(ctx context.Context, _ *http.Request) (any, error) {
	return s.instance.Status(ctx)
}

// told answers with what the instance says of itself, good or bad.
func told(say func() Verdict) endpoint {
	return func(context.Context, *http.Request) (any, error) { return say(), nil }
}

func (s *Server) reload(ctx context.Context, _ *http.Request) (any, error) {
	return done{}, s.instance.Reload(ctx)
}

func (s *Server) restart(ctx context.Context, r *http.Request) (any, error) {
	return done{}, s.instance.Restart(ctx, r.PathValue("job"))
}

func (s *Server) signal(ctx context.Context, r *http.Request) (any, error) {
	q, err := read[signalRequest](r)
	if err != nil {
		return nil, err
	}
	if q.Signal < 1 || q.Signal > lastSignal {
		return nil, &badRequestError{fmt.Errorf("signal %d is not from 1 to %d", q.Signal, lastSignal)}
	}
	return done{}, s.instance.Signal(ctx, r.PathValue("job"), syscall.Signal(q.Signal))
}

// lastSignal is the largest real-time signal, see signal(7).
const lastSignal = 64

func (s *Server) maintenance(ctx context.Context, r *http.Request) (any, error) {
	q, err := read[maintenanceRequest](r)
	if err != nil {
		return nil, err
	}
	if q.On == nil {
		return nil, &badRequestError{errors.New("on is neither true nor false")}
	}
	changed, err := s.instance.Maintenance(ctx, *q.On)
	return maintenanceAnswer{changed}, err
}

func (s *Server) retry(ctx context.Context, _ *http.Request) (any, error) {
	sets, err := s.instance.Retry(ctx)
	return retryAnswer{sets}, err
}

func (s *Server) logLevel(ctx context.Context, r *http.Request) (any, error) {
	q, err := read[levelRequest](r)
	if err != nil {
		return nil, err
	}
	if q.Level == nil {
		return nil, &badRequestError{errors.New("no level is given")}
	}
	previous, err := s.instance.LogLevel(ctx, *q.Level)
	return levelAnswer{previous}, err
}

// read decodes the body of a request, strictly.
func read[T any](r *http.Request) (T, error) {
	var q T
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(&q)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the JSON object")
		}
	}
	if err != nil {
		return q, &badRequestError{fmt.Errorf("reading the request: %w", err)}
	}
	return q, nil
}
