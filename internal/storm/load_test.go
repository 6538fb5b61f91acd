package storm

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"testing"
	"time"
)

// load is requests that never end: by some workers over connections that they
// keep, by others over a new one each time.
type load struct {
	site   *site
	cancel context.CancelFunc
	group  sync.WaitGroup

	mu     sync.Mutex
	counts counts
}

// counts are what became of requests.
type counts struct {
	total    int
	repeated int // by the client, because a kept connection was closed under it
	mixed    int // answers from files of several versions
	failures []failure
	by       map[int]int // answers, by version
}

// failure is a request that got no proper answer.
type failure struct {
	from, to time.Time
	what     string
}

// begin starts the load on a site that is being served. It ends with the test.
func begin(t *testing.T, s *site, p plan) *load {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{site: s, cancel: cancel, counts: counts{by: make(map[int]int)}}
	for n := range p.keepAlive + p.fresh {
		transport := &http.Transport{DisableKeepAlives: n >= p.keepAlive}
		client := &http.Client{Timeout: 5 * time.Second, Transport: transport}
		l.group.Go(func() {
			defer transport.CloseIdleConnections()
			l.work(ctx, client, p.pace)
		})
	}
	t.Cleanup(func() { l.end() })
	return l
}

// end stops the load and returns what became of it.
func (l *load) end() counts {
	l.cancel()
	l.group.Wait()
	return l.counts
}

func (l *load) work(ctx context.Context, client *http.Client, pace time.Duration) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.request(client)
		}
	}
}

// request makes one request. It is not cut short by the end of the load, which
// would look like a failure.
func (l *load) request(client *http.Client) {
	connections := 0
	ctx := httptrace.WithClientTrace(context.Background(), &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { connections++ }})
	from := time.Now()
	n, mixed, err := l.ask(ctx, client)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.total++
	l.counts.repeated += max(0, connections-1)
	switch {
	case mixed:
		l.counts.mixed++
	case err != nil:
		l.counts.failures = append(l.counts.failures, failure{from, time.Now(), err.Error()})
	default:
		l.counts.by[n]++
	}
}

func (l *load) ask(ctx context.Context, client *http.Client) (n int, mixed bool, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, l.site.url("/"), nil)
	if err != nil {
		return 0, false, err
	}
	resp, err := client.Do(request)
	if err != nil {
		return 0, false, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, false, err
	}
	if n, mixed = numberOf(resp); n == 0 && !mixed {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return n, mixed, err
}

// span is a time in which a bad version was about.
type span struct{ from, to time.Time }

// lost returns the failures of requests that were not made, in part or all of
// their time, in one of the spans.
func (c counts) lost(bad []span) []failure {
	return slices.DeleteFunc(slices.Clone(c.failures), func(f failure) bool {
		return slices.ContainsFunc(bad, func(s span) bool { return f.from.Before(s.to) && f.to.After(s.from) })
	})
}

// kinds counts failures by what they were.
func kinds(failures []failure) string {
	by := make(map[string]int)
	for _, f := range failures {
		by[f.what]++
	}
	text := ""
	for _, what := range slices.Sorted(maps.Keys(by)) {
		text += fmt.Sprintf("%d times %s\n", by[what], what)
	}
	return text
}
