package register

import (
	"errors"
	"log/slog"
	"sync"
	"time"
)

// Service is what is announced. Name, Instance and Incarnation are needed.
type Service struct {
	Name        string // of the service
	Instance    string // which of its instances
	Incarnation string // which life of the instance
	Node        string // the machine, for templates that show it
	Address     string
	Port        int // 0 is none
	Tags        []string
	Meta        map[string]string
}

// ID is how the instance is called among all services: web-web-1.
func (s Service) ID() string { return s.Name + "-" + s.Instance }

func (s Service) check() error {
	if s.Name == "" || s.Instance == "" || s.Incarnation == "" {
		return errors.New("registering a service: its name, instance and incarnation are needed (set cluster.service and cluster.instance)")
	}
	return nil
}

// State is how an instance is, in the words of Consul.
type State string

// The states. Others find only those that are passing, unless they ask for more.
const (
	Passing  State = "passing"
	Warning  State = "warning"
	Critical State = "critical"
)

// Health tells how the instance is now, and a word about it that all may read.
// It does not block and may be called at any time.
type Health func() (State, string)

// known turns what is no state into the worst one.
func (h Health) now() (State, string) {
	state, note := h()
	if state != Passing && state != Warning {
		state = Critical
	}
	return state, note
}

// leaveTimeout bounds the last request, whose sender is leaving.
const leaveTimeout = 5 * time.Second

// registrar is what both kinds have in common.
type registrar struct {
	log  *slog.Logger
	news chan struct{} // one slot: look at the health

	mu  sync.Mutex
	err error // guarded by mu; why the service is not registered
}

var errNotYet = errors.New("the service is not registered yet")

func newRegistrar(log *slog.Logger, s Service) *registrar {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &registrar{log: log.With("service", s.Name, "id", s.ID()), news: make(chan struct{}, 1), err: errNotYet}
}

// Nudge says that the health may have changed. It does not block.
func (r *registrar) Nudge() {
	select {
	case r.news <- struct{}{}:
	default:
	}
}

// Err returns why the service is not registered, or not with its present
// health; nil if it is.
func (r *registrar) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// note keeps how it went. A trouble is said when it begins, and its end.
func (r *registrar) note(err error) {
	r.mu.Lock()
	last := r.err
	r.err = err
	r.mu.Unlock()
	first := errors.Is(last, errNotYet)
	switch {
	case err == nil && last != nil:
		r.log.Info("the service is registered")
	case err != nil && (last == nil || first):
		r.log.Warn("the service is not registered; it is tried again", "error", err)
	}
}
