package consul_test

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
	"concierge/sources"
	"concierge/sources/consul"
)

// counter passes requests on to a server and remembers when those below a path
// came.
type counter struct {
	*httptest.Server
	mu sync.Mutex
	at []time.Time
}

func newCounter(t *testing.T, server *testserver.Server, path string) *counter {
	t.Helper()
	target, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	proxy, c := httputil.NewSingleHostReverseProxy(target), new(counter)
	proxy.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, path) {
			c.mu.Lock()
			c.at = append(c.at, time.Now())
			c.mu.Unlock()
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

// since returns how many requests came since a time.
func (c *counter) since(t time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, _ := slices.BinarySearchFunc(c.at, t, time.Time.Compare)
	return len(c.at) - i
}

// busiest returns how many requests came within some time at most, from begin
// on.
func (c *counter) busiest(begin time.Time, within time.Duration) (most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, t := range c.at {
		end, _ := slices.BinarySearchFunc(c.at, t.Add(within), time.Time.Compare)
		if !t.Before(begin) {
			most = max(most, end-i)
		}
	}
	return most
}

// TestKeyThatChangesAllTheTimeCostsNoMoreThanTheBudget lets a key change many
// hundred times a second.
func TestKeyThatChangesAllTheTimeCostsNoMoreThanTheBudget(t *testing.T) {
	t.Parallel()
	const perSecond, free = 5, 200
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	proxy, begin := newCounter(t, server, "/v1/"), time.Now()
	watched := open(t, consul.Config{
		Address: proxy.URL, Budget: sources.NewBudget(perSecond, slog.New(slog.DiscardHandler)),
	})
	writer := open(t, consul.Config{Address: server.Addr})
	f := follow(t, watched, key("k"))
	n := 0
	write := func() {
		n++
		put(t, writer, "k", fmt.Sprint(n))
	}
	for deadline := time.Now().Add(30 * time.Second); proxy.since(begin) < free; write() {
		if time.Now().After(deadline) {
			t.Fatalf("%d requests for %d changes", proxy.since(begin), n)
		}
	}
	used, before := time.Now(), n
	for time.Since(used) < 2*time.Second {
		write()
	}
	elapsed := time.Since(begin).Seconds()
	if got, most := proxy.since(begin), free+int(elapsed*perSecond)+1; got > most {
		t.Errorf("%d requests in %.1f s, want %d at most", got, elapsed, most)
	}
	if n-before < 100 {
		t.Errorf("the key changed %d times in 2 s only", n-before)
	}
	f.awaitValue(key("k"), fmt.Sprint(n))
}

func TestReadsWaitForTheBudgetAndEditsDoNot(t *testing.T) {
	t.Parallel()
	const perSecond, free = 10, 400
	server, p := testserver.Consul(t), testserver.Prefix(t)
	s := open(t, consul.Config{Address: server.Addr, Budget: sources.NewBudget(perSecond, slog.New(slog.DiscardHandler))})
	put(t, s, p+"a", "0")
	read := func(n int) {
		for range n {
			if _, err := s.Get(t.Context(), p+"a"); err != nil {
				t.Fatal(err)
			}
		}
	}
	begin := time.Now()
	read(free)
	if read(20 + int(time.Since(begin).Seconds()*perSecond)); time.Since(begin) < 1900*time.Millisecond {
		t.Errorf("more reads than the budget has took %v", time.Since(begin))
	}
	begin = time.Now()
	for i := range 50 {
		put(t, s, p+"a", fmt.Sprint(i))
	}
	if took := time.Since(begin); took > 4*time.Second {
		t.Errorf("50 edits took %v: they wait for the budget", took)
	}
}

// TestFleetThatLosesItsConnectionsComesBackSpread drops the connections of many
// instances to a server that is there all the time.
func TestFleetThatLosesItsConnectionsComesBackSpread(t *testing.T) {
	t.Parallel()
	const instances = 40
	server := testserver.NewConsul(t, testserver.ConsulOptions{}) // of its own: it grants an address 200 connections
	proxy := newCounter(t, server, "/v1/status/leader")           // which is asked first
	var fleet []*follower
	for range instances {
		fleet = append(fleet, follow(t, open(t, consul.Config{Address: proxy.URL}), key("a")))
	}
	for _, f := range fleet {
		f.awaitAbsent(key("a"))
	}
	lost := time.Now()
	proxy.CloseClientConnections()
	put(t, open(t, consul.Config{Address: server.Addr}), "a", "new")
	for _, f := range fleet {
		f.awaitValue(key("a"), "new")
	}
	if took := time.Since(lost); took > 8*time.Second {
		t.Errorf("the last one is back after %v", took)
	}
	if n := proxy.since(lost); n < instances*3/4 { // some were between two requests
		t.Errorf("%d of %d instances noticed a loss", n, instances)
	}
	if most := proxy.busiest(lost, 200*time.Millisecond); most > instances*3/4 {
		t.Errorf("%d of %d instances ask within 200 ms: they come back together", most, instances)
	}
}
