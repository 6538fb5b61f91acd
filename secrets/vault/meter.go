package vault

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"concierge/sources"
)

// Meter is a [sources.Meter] that is told of what ends, too.
type Meter interface {
	sources.Meter
	// TokenEnds is told when the token in use ends unless it is renewed; zero is
	// never.
	TokenEnds(at time.Time)
	// Leases is told how many leases of secrets are held, and when the first of
	// them ends unless it is renewed; zero is never.
	Leases(held int, first time.Time)
}

// unmetered is a Meter that nobody looks at.
type unmetered struct{ sources.Unmetered }

func (unmetered) TokenEnds(time.Time)   {}
func (unmetered) Leases(int, time.Time) {}

// opOf says what a request is for, by its method and path.
func opOf(req *http.Request) sources.Op {
	path := strings.TrimPrefix(req.URL.Path, "/v1/")
	login := strings.HasPrefix(path, "auth/") && strings.Contains(path, "/login")
	switch {
	case req.Method == "LIST", req.Method == http.MethodGet && req.URL.Query().Get("list") == "true":
		return sources.OpList
	case req.Method == http.MethodGet:
		return sources.OpGet
	case login, path == "sys/wrapping/unwrap":
		return sources.OpLogin
	case path == "sys/leases/renew", strings.HasPrefix(path, "auth/token/renew"):
		return sources.OpRenew
	}
	return sources.OpWrite
}

// endOf is when a life ends that begins now; zero if it does not.
func endOf(life time.Duration) time.Time {
	if life <= 0 {
		return time.Time{}
	}
	return time.Now().Add(life)
}

// leases knows which leases are held, for the meter. It is safe for concurrent
// use.
type leases struct {
	meter Meter

	mu   sync.Mutex
	ends map[request]time.Time // guarded by mu
}

// hold notes the life of the lease for a request.
func (l *leases) hold(r request, life time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ends[r] = endOf(life)
	l.tell()
}

// drop notes that nobody holds a lease for the request any more.
func (l *leases) drop(r request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, held := l.ends[r]; held {
		delete(l.ends, r)
		l.tell()
	}
}

func (l *leases) tell() {
	var first time.Time
	for _, end := range l.ends {
		if first.IsZero() || !end.IsZero() && end.Before(first) {
			first = end
		}
	}
	l.meter.Leases(len(l.ends), first)
}
