package consul_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"concierge/sources"
	"concierge/sources/consul"
)

// TestAnswerOfSomebodyElseIsNoAbsence asks a proxy that knows nothing of Consul.
func TestAnswerOfSomebodyElseIsNoAbsence(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"404": http.StatusNotFound, "200": http.StatusOK} {
		t.Run(name, func(t *testing.T) {
			proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, "[]")
			}))
			t.Cleanup(proxy.Close)
			s := open(t, consul.Config{Address: proxy.URL})
			if _, err := s.Get(t.Context(), "app/port"); err == nil || errors.Is(err, sources.ErrNotFound) {
				t.Errorf("a key is absent: %v", err)
			}
			if _, err := s.List(t.Context(), "app/"); err == nil || !strings.Contains(err.Error(), "X-Consul-Index") {
				t.Errorf("a list is answered with error %v", err)
			}
			f := follow(t, s, key("app/port"), tree("app/"))
			f.awaitAway()
		})
	}
}
