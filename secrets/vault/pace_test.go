package vault_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/secrets/vault"
	"concierge/sources"
)

// counter passes requests on to a server, a little later, and remembers them.
type counter struct {
	*httptest.Server
	delay time.Duration

	mu     sync.Mutex
	at     map[string][]time.Time // guarded by mu; by path
	active int                    // guarded by mu; requests under way
	most   int                    // guarded by mu; of them
}

func newCounter(t *testing.T, server *testserver.Server, delay time.Duration) *counter {
	t.Helper()
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy, c := httputil.NewSingleHostReverseProxy(target), &counter{delay: delay, at: make(map[string][]time.Time)}
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.begin(r.URL.Path)
		defer c.end()
		time.Sleep(c.delay) // a network that is not loopback
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *counter) begin(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[path] = append(c.at[path], time.Now())
	c.active++
	c.most = max(c.most, c.active)
}

func (c *counter) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.active--
}

// of returns when the paths with that beginning were asked for, each path apart.
func (c *counter) of(prefix string) (times [][]time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, at := range c.at {
		if strings.HasPrefix(path, prefix) {
			times = append(times, slices.Clone(at))
		}
	}
	return times
}

func (c *counter) config(server *testserver.Server) vault.Config {
	return vault.Config{Address: c.URL, Token: secrets.NewText(server.Token)}
}

func TestIdenticalReadsAreOneRequest(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	administer(t, server).put2(p+"a", map[string]any{"n": "1"})
	c := newCounter(t, server, 0)
	same := []sources.Query{secret("secret/" + p + "a"), secret("/secret/" + p + "a"), secret("secret/" + p + "a/")}
	f := follow(t, open(t, c.config(server)), same...)
	for _, q := range same {
		f.awaitField(q, "n", "1")
	}
	f.want(same[1], same[2], secret(" secret/"+p+"a"))
	f.awaitField(secret(" secret/"+p+"a"), "n", "1")
	if at := c.of("/v1/secret/data/" + p); len(at) != 1 || len(at[0]) != 1 {
		t.Errorf("one secret that four templates read was asked for at %v, want once", at)
	}
}

func TestNoMoreThanTenRequestsAreUnderWay(t *testing.T) {
	t.Parallel()
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	var queries []sources.Query
	for i := range 60 {
		name := fmt.Sprintf("%ss%02d", p, i)
		a.put2(name, map[string]any{"n": "1"})
		queries = append(queries, secret("secret/"+name))
	}
	c := newCounter(t, server, 20*time.Millisecond)
	f := follow(t, open(t, c.config(server)), queries...)
	for _, q := range queries {
		f.awaitField(q, "n", "1")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.most < 2 || c.most > 10 {
		t.Errorf("%d requests were under way together, want ten at most and more than one", c.most)
	}
}

// TestSecretsAreReadAgainSpreadOverTheInterval reads many at the same moment, as
// a start does.
func TestSecretsAreReadAgainSpreadOverTheInterval(t *testing.T) {
	t.Parallel()
	const n, interval = 40, 4 * time.Second
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	queries := make([]sources.Query, n)
	for i := range queries {
		name := fmt.Sprintf("%ss%02d", p, i)
		a.put2(name, map[string]any{"n": "1"})
		queries[i] = secret("secret/" + name)
	}
	c := newCounter(t, server, 0)
	cfg := c.config(server)
	cfg.Refresh = interval
	f := follow(t, open(t, cfg), queries...)
	var second []time.Duration
	f.await("a second reading of each", func() bool {
		second = nil
		for _, at := range c.of("/v1/secret/data/" + p) {
			if len(at) > 1 {
				second = append(second, at[1].Sub(at[0]))
			}
		}
		return len(second) == n
	})
	slices.Sort(second)
	if last := second[n-1]; last > interval+time.Second {
		t.Errorf("one was read again after %v, want %v at most", last, interval)
	}
	if middle := second[n*9/10] - second[n/10]; middle < interval/3 {
		t.Errorf("eight in ten were read again within %v: in step", middle)
	}
}

func TestRequestsWaitForTheBudget(t *testing.T) {
	t.Parallel()
	const perSecond, free = 5, 200
	server, p := testserver.Vault(t), testserver.Prefix(t)
	a := administer(t, server)
	a.put2(p+"a", map[string]any{"n": "1"})
	c := newCounter(t, server, 0)
	cfg := c.config(server)
	cfg.Refresh = time.Millisecond // ten times a second, which is the shortest
	cfg.Budget = sources.NewBudget(perSecond, slog.New(slog.DiscardHandler))
	var queries []sources.Query
	for i := range 20 {
		name := fmt.Sprintf("%ss%02d", p, i)
		a.put2(name, map[string]any{"n": "1"})
		queries = append(queries, secret("secret/"+name))
	}
	begin := time.Now()
	f := follow(t, open(t, cfg), queries...)
	asked := func() (n int) {
		for _, at := range c.of("/") {
			n += len(at)
		}
		return n
	}
	f.await("all that is free", func() bool { return asked() >= free+perSecond })
	if n, most := asked(), free+int(time.Since(begin).Seconds()*perSecond)+1; n > most {
		t.Errorf("%d requests in %v, want %d at most", n, time.Since(begin), most)
	}
	if took := time.Since(begin); took < 900*time.Millisecond {
		t.Errorf("%d requests took %v only", free+perSecond, took)
	}
}
