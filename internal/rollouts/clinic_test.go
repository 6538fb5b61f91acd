package rollouts

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// clinic says how the processes are: one is ill if its file has a bad release.
type clinic struct{ server *httptest.Server }

func newClinic(t *testing.T, value func(instance string) string) *clinic {
	t.Helper()
	c := &clinic{httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if bad(value(strings.TrimPrefix(r.URL.Path, "/"))) {
			http.Error(w, "ill", http.StatusServiceUnavailable)
		}
	}))}
	t.Cleanup(c.server.Close)
	return c
}

func (c *clinic) url(instance string) string { return c.server.URL + "/" + instance }

// bad says whether a value makes a process ill.
func bad(value string) bool { return strings.HasPrefix(value, "bad") }
