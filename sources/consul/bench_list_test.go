package consul_test

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"concierge/sources/consul"
)

// BenchmarkList reads a list of 10,000 pairs. The answer is a recorded one, so
// that what is measured is the client.
func BenchmarkList(b *testing.B) {
	pairs := make([]string, 10_000)
	for i := range pairs {
		value := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "value-%05d", i))
		pairs[i] = fmt.Sprintf(`{"LockIndex":0,"Key":"app/%05d","Flags":0,"Value":%q,"CreateIndex":%d,"ModifyIndex":%d}`, i, value, 100+i, 100+i)
	}
	answer := "[" + strings.Join(pairs, ",") + "]"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Consul-Index", "10100")
		_, _ = w.Write([]byte(answer))
	}))
	b.Cleanup(server.Close)
	s, err := consul.New(consul.Config{Address: server.Listener.Addr().String()}, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.SetBytes(int64(len(answer)))
	for b.Loop() {
		if list, err := s.List(b.Context(), "app/"); err != nil || len(list) != len(pairs) {
			b.Fatalf("%d pairs, %v", len(list), err)
		}
	}
}
