package consul_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// TestFewKeysOfALargeDirectoryAreReadAlone counts the lists that are read of a
// directory of which little is wanted, and then much.
func TestFewKeysOfALargeDirectoryAreReadAlone(t *testing.T) {
	t.Parallel()
	server, p := testserver.NewConsul(t, testserver.ConsulOptions{}), testserver.Prefix(t)
	target, err := url.Parse("http://" + server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var lists atomic.Int32
	forward := httputil.NewSingleHostReverseProxy(target)
	forward.ErrorLog = log.New(io.Discard, "", 0) // polls that are given up
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Has("recurse") {
			lists.Add(1)
		}
		forward.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	w := fixture(t, server).Writer.(writer)
	for i := range 40 {
		pairs := make(map[string]string)
		for j := range 60 {
			pairs[fmt.Sprintf("%swide/d%02d-k%02d", p, i, j)] = "first"
		}
		if err := w.transact(t.Context(), pairs); err != nil {
			t.Fatal(err)
		}
	}
	queries := make([]sources.Query, 100)
	for i := range queries {
		queries[i] = key(fmt.Sprintf("%swide/d%02d-k%02d", p, i%40, i%60))
	}
	s := open(t, consul.Config{Address: proxy.URL})
	t.Cleanup(proxy.CloseClientConnections) // before the proxy waits for held polls
	f := follow(t, s, queries[:10]...)
	for _, q := range queries[:10] {
		f.awaitValue(q, "first")
	}
	put(t, s, queries[3].Path, "changed")
	f.awaitValue(queries[3], "changed")
	if got := lists.Load(); got != 1 {
		t.Errorf("%d lists were read for ten keys, want the one that showed how large the directory is", got)
	}
	f.want(queries...)
	for _, q := range queries[4:] {
		f.awaitValue(q, "first")
	}
	put(t, s, queries[90].Path, "changed")
	f.awaitValue(queries[90], "changed")
	if got := lists.Load(); got < 2 {
		t.Errorf("%d lists were read for a hundred keys, want the directory to be read as a whole", got)
	}
}
