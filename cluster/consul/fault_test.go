package consul_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster"
	"concierge/cluster/consul"
	"concierge/cluster/storetest/servers"
	"concierge/internal/testserver"
)

func TestRefusedTokenIsAnErrorAndNotALostRace(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{ACL: true})
	const wrong = "11111111-2222-3333-4444-555555555555"
	for _, token := range []string{wrong, ""} {
		s := servers.DialConsul(t, api.Config{Address: server.Addr, Token: token}, "ns")
		done, err := s.Commit(t.Context(), cluster.Txn{
			If:   []cluster.Condition{{Key: "k", Version: cluster.Absent}},
			Then: []cluster.Write{{Key: "k"}},
		})
		if done || err == nil || !strings.Contains(err.Error(), `key_prefix "ns/v1/"`) || strings.Contains(err.Error(), wrong) {
			t.Errorf("%t, %v", done, err)
		}
	}
}

func TestTokenIsAskedForBeforeEachRequest(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{ACL: true})
	var token atomic.Value
	token.Store("")
	client, err := api.NewClient(&api.Config{Address: server.Addr})
	if err != nil {
		t.Fatal(err)
	}
	s, err := consul.New(consul.Config{Client: client, Keys: "ns", Token: func() (string, error) { return token.Load().(string), nil }})
	if err != nil {
		t.Fatal(err)
	}
	put := cluster.Txn{Then: []cluster.Write{{Key: "k"}}}
	if _, err := s.Commit(t.Context(), put); err == nil {
		t.Error("written without a token")
	}
	token.Store(server.Token)
	if _, err := s.Commit(t.Context(), put); err != nil {
		t.Error(err)
	}
}

func TestTransactionBeyondTheLimitsOfTheServerIsTooLarge(t *testing.T) {
	t.Parallel()
	s := servers.DialConsul(t, api.Config{Address: testserver.Consul(t).Addr}, testserver.Prefix(t))
	big := bytes.Repeat([]byte("v"), 600<<10)
	_, err := s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: "k", Value: big}}})
	if !errors.Is(err, cluster.ErrTooLarge) || !strings.Contains(err.Error(), "txn_max_req_len") {
		t.Errorf("error is %v", err)
	}
}

// counter counts the requests that pass.
type counter struct {
	*http.Transport
	n atomic.Int32
}

func (c *counter) RoundTrip(r *http.Request) (*http.Response, error) {
	c.n.Add(1)
	return c.Transport.RoundTrip(r)
}

func TestIdleSessionCostsARequestEveryThirdOfItsTTL(t *testing.T) {
	t.Parallel()
	count := &counter{Transport: &http.Transport{}}
	t.Cleanup(count.CloseIdleConnections)
	client, err := api.NewClient(&api.Config{Address: testserver.Consul(t).Addr, HttpClient: &http.Client{Transport: count}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := consul.New(consul.Config{Client: client, Keys: testserver.Prefix(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if _, err := s.Open(t.Context(), 15*time.Second); err != nil {
		t.Fatal(err)
	}
	const observed = 20 * time.Second
	time.Sleep(observed) // observed, not waited for
	if n := count.n.Load(); n < 4 || n > 6 {
		t.Errorf("%d requests in %s", n, observed)
	}
	t.Logf("%d requests in %s with a ttl of 15 s", count.n.Load(), observed)
}
