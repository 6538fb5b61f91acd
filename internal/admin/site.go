package admin

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
)

// Pusher delivers metrics out of turn.
type Pusher interface {
	// Push reads and delivers everything now, and blocks until that is done or
	// ctx ends. elapsed is the milliseconds that it took, 0 if it failed, -1 if
	// there was no answer in time; err says that there was nothing to deliver to.
	Push(ctx context.Context) (elapsed int64, err error)
}

// SiteOptions are what a [Site] shows.
type SiteOptions struct {
	Health  Health
	Status  Reporter
	Metrics http.Handler // nil: there are none
	Push    Pusher       // nil: nobody
	Log     *slog.Logger
}

// Site serves health checks, metrics and the status over HTTP, to everybody who
// reaches its [Door]. Nothing can be changed there, but for a delivery of
// metrics out of turn. What clients can cost is bounded as for [Server].
type Site struct {
	o       SiteOptions
	door    *Door
	http    *http.Server
	serving sync.WaitGroup
}

// ServeSite serves at the door, which it takes over, until [Site.Close].
func ServeSite(d *Door, o SiteOptions) *Site {
	o.Log = o.Log.With("component", "admin")
	s := &Site{o: o, door: d}
	// A page in somebody's browser must not push.
	s.http = newHTTP(http.NewCrossOriginProtection().Handler(s.routes()), o.Log)
	s.serving.Go(func() {
		if err := s.http.Serve(limit(d.listener, maxConnections)); !errors.Is(err, http.ErrServerClosed) {
			o.Log.Error("health checks and metrics are not served any more", "address", d.address, "error", err)
		}
	})
	return s
}

// Address is where the site is.
func (s *Site) Address() string { return s.door.address }

// Close lets requests that are being answered end, for a second at most, and
// returns when everything has ended. It is called once.
func (s *Site) Close() error {
	err := end(s.http)
	s.serving.Wait()
	return errors.Join(err, s.door.Close())
}

func (s *Site) routes() http.Handler {
	mux := http.NewServeMux()
	for _, path := range []string{"/livez", "/healthz", "/-/healthy"} {
		mux.HandleFunc("GET "+path, verdict(true, s.o.Health.Live))
	}
	for _, path := range []string{"/readyz", "/-/ready"} {
		mux.HandleFunc("GET "+path, verdict(false, s.o.Health.Ready))
	}
	mux.HandleFunc("GET /status", answer(func(ctx context.Context, _ *http.Request) (any, error) {
		return s.o.Status.Status(ctx)
	}))
	if s.o.Metrics != nil {
		mux.Handle("GET /metrics", s.o.Metrics)
	}
	mux.HandleFunc("POST /push", s.push)
	mux.HandleFunc("GET /{$}", index)
	return mux
}

const pages = `/livez    does concierge work?            (also /healthz, /-/healthy)
/readyz   can it be used? ?verbose        (also /-/ready)
/metrics  for Prometheus
/status   as JSON
/push     POST: deliver metrics now
`

func index(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, pages) }

// verdict answers in one word, and with ?verbose with a line for each part
// before it.
func verdict(live bool, say func() Verdict) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		v, code := say(), http.StatusOK
		if !v.OK {
			code = http.StatusServiceUnavailable
		}
		text := ""
		if r.URL.Query().Has("verbose") {
			text = v.Lines()
		}
		plain(w, code, text+v.Word(live)+"\n")
	}
}

// push delivers metrics and answers with one number.
func (s *Site) push(w http.ResponseWriter, r *http.Request) {
	if s.o.Push == nil {
		plain(w, http.StatusNotFound, "there is nowhere to deliver metrics to\n")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	elapsed, err := s.o.Push.Push(ctx)
	if err != nil {
		plain(w, http.StatusServiceUnavailable, err.Error()+"\n")
		return
	}
	plain(w, http.StatusOK, strconv.FormatInt(elapsed, 10)+"\n")
}

// plain writes a text. A client that is gone does not hear it.
func plain(w http.ResponseWriter, code int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text))
}
