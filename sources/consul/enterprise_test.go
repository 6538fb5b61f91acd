package consul_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"concierge/sources"
	"concierge/sources/consul"
)

// enterprise stands in for what only Consul Enterprise has. It remembers what
// it was asked.
type enterprise struct {
	*httptest.Server
	mu      sync.Mutex
	asked   map[string]http.Header // by path and parameters
	answers map[string]any         // by path
	headers map[string]string
	waits   []string // that held requests asked for
}

func newEnterprise(t *testing.T, answers map[string]any) *enterprise {
	e := &enterprise{asked: make(map[string]http.Header), answers: answers}
	e.Server = httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(e.Close)
	return e
}

func (e *enterprise) serve(w http.ResponseWriter, r *http.Request) {
	params := r.URL.Query()
	held, wait := params.Get("index") != "", params.Get("wait")
	params.Del("index")
	params.Del("wait")
	e.mu.Lock()
	e.asked[r.URL.Path+"?"+params.Encode()] = r.Header
	answer, known := e.answers[r.URL.Path]
	for name, value := range e.headers {
		w.Header().Set(name, value)
	}
	e.mu.Unlock()
	if held {
		e.mu.Lock()
		e.waits = append(e.waits, wait)
		e.mu.Unlock()
		<-r.Context().Done()
		return
	}
	w.Header().Set("X-Consul-Index", "7")
	if w.Header().Get("X-Consul-LastContact") == "" {
		w.Header().Set("X-Consul-LastContact", "0")
		w.Header().Set("X-Consul-KnownLeader", "true")
	}
	if !known {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// await waits until it was asked this.
func (e *enterprise) await(t *testing.T, request string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for {
		e.mu.Lock()
		_, ok := e.asked[request]
		all := fmt.Sprint(e.asked)
		e.mu.Unlock()
		if ok {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("was not asked %s, but %s", request, all)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestEnterpriseAnswersAreRead(t *testing.T) {
	t.Parallel()
	server := newEnterprise(t, map[string]any{
		"/v1/partitions": []map[string]any{{"Name": "team", "Description": "ours"}, {"Name": "default"}},
		"/v1/imported-services": map[string]any{"Partition": "team", "ImportedServices": []map[string]any{
			{"Service": "web", "SourcePartition": "b"}, {"Service": "web", "SourcePartition": "a"}, {"Service": "db", "Namespace": "ns"},
		}},
		"/v1/exported-services": []map[string]any{{"Service": "web", "Partition": "team", "Namespace": "ns", "Consumers": map[string]any{"Partitions": []string{"a"}}}},
	})
	partitions, imported, exported := ask(sources.PartitionList, ""), ask(sources.ImportedServiceList, ""), ask(sources.ExportedServiceList, "")
	team := sources.Options{Partition: "team"}.Handle()
	imported.Options, exported.Options = team, team
	f := follow(t, open(t, consul.Config{Address: server.URL}), partitions, imported, exported)
	for q, want := range map[sources.Query]string{
		partitions: `[{"Name":"default","Description":""},{"Name":"team","Description":"ours"}]`,
		imported: `[{"Service":"db","Namespace":"ns","SourcePartition":""},{"Service":"web","Namespace":"","SourcePartition":"a"},` +
			`{"Service":"web","Namespace":"","SourcePartition":"b"}]`,
		exported: `[{"Service":"web","Partition":"team","Namespace":"ns","Consumers":{"Peers":[],"Partitions":["a"]}}]`,
	} {
		got, err := json.Marshal(f.awaitAnswer(q))
		if err != nil || string(got) != want {
			t.Errorf("%s is\n%s (%v), want\n%s", q, got, err, want)
		}
	}
	server.await(t, "/v1/imported-services?partition=team")
	server.await(t, "/v1/exported-services?partition=team")
}

func TestOptionsReachConsul(t *testing.T) {
	t.Parallel()
	server := newEnterprise(t, nil)
	full := ask(sources.Service, "web", "peer", "b", "tag", "x")
	options := full.Opts()
	options.Datacenter, options.Namespace, options.Partition = "dc2", "ns1", "p1"
	full.Options = options.Handle()
	group := ask(sources.Service, "db", "filter", "passing", "near", "_agent", "sameness-group", "g")
	follow(t, open(t, consul.Config{Address: server.URL, MaxStale: time.Second}), full, group,
		ask(sources.NodeList, "", "near", "n1"), ask(sources.Service, "all", "filter", "any"), ask(sources.Connect, "web"))
	for _, request := range []string{
		"/v1/health/service/web?dc=dc2&ns=ns1&partition=p1&passing=1&peer=b&stale=&tag=x",
		"/v1/health/service/db?near=_agent&passing=1&sameness-group=g&stale=",
		"/v1/health/service/all?stale=",
		"/v1/health/connect/web?passing=1&stale=",
		"/v1/catalog/nodes?near=n1&stale=",
	} {
		server.await(t, request)
	}
}

func TestStaleAnswerIsAskedForAgain(t *testing.T) {
	t.Parallel()
	for name, headers := range map[string]map[string]string{
		"too old":           {"X-Consul-LastContact": "1500", "X-Consul-KnownLeader": "true"},
		"of a lost server":  {"X-Consul-LastContact": "0", "X-Consul-KnownLeader": "false"},
		"just young enough": {"X-Consul-LastContact": "1000", "X-Consul-KnownLeader": "true"},
	} {
		server := newEnterprise(t, map[string]any{"/v1/catalog/services": map[string][]string{"web": nil}, "/v1/kv/a": []any{map[string]any{"Key": "a"}}})
		server.headers = headers
		services := ask(sources.ServiceList, "")
		f := follow(t, open(t, consul.Config{Address: server.URL, MaxStale: time.Second}), services, key("a"))
		f.awaitAnswer(services)
		f.awaitAnswer(key("a"))
		server.mu.Lock()
		for _, path := range []string{"/v1/catalog/services?", "/v1/kv/a?"} {
			_, again := server.asked[path]
			if _, stale := server.asked[path+"stale="]; !stale || again != (name != "just young enough") {
				t.Errorf("%s: %s asked stale %v, again %v", name, path, stale, again)
			}
		}
		server.mu.Unlock()
	}
}

func TestQueriesAreHeldAsLongAsAskedFor(t *testing.T) {
	t.Parallel()
	server := newEnterprise(t, map[string]any{"/v1/catalog/services": map[string][]string{"web": nil}})
	f := follow(t, open(t, consul.Config{Address: server.URL, QueryWait: 10 * time.Minute}), ask(sources.ServiceList, ""))
	var asked string
	f.await("a held request", func() bool {
		server.mu.Lock()
		defer server.mu.Unlock()
		if len(server.waits) > 0 {
			asked = server.waits[0]
		}
		return asked != ""
	})
	wait, err := time.ParseDuration(asked)
	if err != nil || wait > 10*time.Minute || wait < 10*time.Minute/6 {
		t.Errorf("asked to wait %s (%v), want up to 10m", asked, err)
	}
}

// TestRetryIsPacedAsAskedFor counts what a server that is never well is asked.
func TestRetryIsPacedAsAskedFor(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/kv/") {
			asked.Add(1)
		}
		w.WriteHeader(http.StatusInternalServerError)
	}))
	t.Cleanup(server.Close)
	f := follow(t, open(t, consul.Config{Address: server.URL, Retry: sources.Retry{Base: time.Millisecond, Cap: 2 * time.Millisecond}}), key("a"))
	f.await("hundred requests", func() bool { return asked.Load() >= 100 })
	if n := f.errors(); n != 1 {
		t.Errorf("%d outages reported, want 1", n)
	}
}
