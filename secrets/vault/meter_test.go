package vault_test

import (
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/internal/testserver"
	"concierge/secrets/vault"
	"concierge/sources"
)

// counting is a meter that keeps what it is told.
type counting struct {
	sources.Unmetered
	mu       sync.Mutex
	requests map[sources.Op]map[sources.Result]int // guarded by mu
	token    []time.Time                           // guarded by mu; the ends told
	held     int                                   // guarded by mu
	first    time.Time                             // guarded by mu
}

func (c *counting) Request(op sources.Op, r sources.Result, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = make(map[sources.Op]map[sources.Result]int)
	}
	if c.requests[op] == nil {
		c.requests[op] = make(map[sources.Result]int)
	}
	c.requests[op][r]++
}

func (c *counting) TokenEnds(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token = append(c.token, at)
}

func (c *counting) Leases(held int, first time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.first = held, first
}

// await waits until what was told is as wanted.
func (c *counting) await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		c.mu.Lock()
		is := ok()
		c.mu.Unlock()
		if is {
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Fatalf("%s never came: %v, %v, %d leases until %s", what, c.requests, c.token, c.held, c.first)
}

func TestMeterHearsOfLeasesAndRenewals(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	q := d.role("metered", "3s", "1h")
	var m counting
	cfg := config(d.server)
	cfg.Meter = &m
	f := follow(t, open(t, cfg), q)
	f.awaitNext(q, nil)
	m.await(t, "a lease", func() bool { return m.held == 1 && time.Until(m.first) < 4*time.Second })
	var ends time.Time
	m.await(t, "its end", func() bool { ends = m.first; return !ends.IsZero() })
	m.await(t, "a renewal", func() bool {
		return m.requests[sources.OpRenew][sources.ResultOK] > 0 && m.first.After(ends)
	})
	f.want()
	m.await(t, "its end", func() bool { return m.held == 0 && m.first.IsZero() })
}

func TestMeterHearsWhenTheTokenEnds(t *testing.T) {
	t.Parallel()
	server := testserver.Vault(t)
	a := administer(t, server)
	id, _ := a.token(api.TokenCreateRequest{TTL: "4s", Policies: []string{"root"}, Renewable: new(true)})
	var m counting
	follow(t, open(t, vault.Config{Address: server.URL(), Token: id, Meter: &m}), secret("secret/nothing"))
	m.await(t, "the end of the token", func() bool {
		return len(m.token) > 0 && time.Until(m.token[0]) < 5*time.Second && !m.token[0].IsZero()
	})
	m.await(t, "a renewal", func() bool { n := len(m.token); return n > 1 && m.token[n-1].After(m.token[0]) })
	m.await(t, "requests", func() bool { return m.requests[sources.OpGet][sources.ResultMissing] > 0 })
}

var _ vault.Meter = (*counting)(nil)
