package consul_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
)

// registry changes the catalogue of a server, without the source's own code.
type registry struct {
	t      *testing.T
	client *api.Client
}

func newRegistry(t *testing.T, server *testserver.Server) registry {
	t.Helper()
	client, err := api.NewClient(&api.Config{Address: server.Addr, Token: server.Token})
	if err != nil {
		t.Fatal(err)
	}
	return registry{t, client}
}

// register writes a node of its own, with an instance of the service and a
// check of it, all named after the arguments.
func (r registry) register(service, id, status string, more ...func(*api.CatalogRegistration)) {
	r.t.Helper()
	reg := &api.CatalogRegistration{
		Node:    "node-" + id,
		Address: "10.0.0.1",
		Service: &api.AgentService{ID: id, Service: service, Port: 80, Tags: []string{"z", "a"}},
		Checks: api.HealthChecks{{
			Node: "node-" + id, CheckID: "check-" + id, Name: "check", Status: status, ServiceID: id, ServiceName: service,
		}},
	}
	for _, change := range more {
		change(reg)
	}
	if _, err := r.client.Catalog().Register(reg, nil); err != nil {
		r.t.Fatal(err)
	}
}

func (r registry) deregister(id string) {
	r.t.Helper()
	if _, err := r.client.Catalog().Deregister(&api.CatalogDeregistration{Node: "node-" + id}, nil); err != nil {
		r.t.Fatal(err)
	}
}

// place tells Consul how many seconds away from the middle a node is.
func (r registry) place(node string, seconds float64) {
	r.t.Helper()
	at := map[string]any{"Node": node, "Coord": map[string]any{"Vec": []float64{seconds, 0, 0, 0, 0, 0, 0, 0}, "Height": 1e-5}}
	if _, err := r.client.Raw().Write("/v1/coordinate/update", at, nil, nil); err != nil {
		r.t.Fatal(err)
	}
}

// await waits until the server itself is as ok wants it.
func (r registry) await(what string, ok func() bool) {
	r.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("no %s", what)
		}
	}
}

// ask returns a query of the kind; params are names and values.
func ask(kind sources.Kind, path string, params ...string) sources.Query {
	var pairs []string
	for i := 0; i < len(params); i += 2 {
		pairs = append(pairs, params[i]+"="+params[i+1])
	}
	options := sources.Options{Params: strings.Join(pairs, "&")}
	return sources.Query{Source: "consul", Kind: kind, Path: path, Options: options.Handle()}
}

// name is a name that no other test uses.
func name(t *testing.T) string {
	return strings.ToLower(strings.TrimSuffix(testserver.Prefix(t), "/"))
}

// instances waits until the query is answered with instances of exactly these
// IDs, in this order.
func (f *follower) awaitInstances(q sources.Query, ids ...string) sources.HealthServices {
	f.t.Helper()
	var services sources.HealthServices
	f.await(fmt.Sprintf("%s = %v", q, ids), func() bool {
		v, known := f.values[q]
		services, _ = v.Data.(sources.HealthServices)
		var got []string
		for _, s := range services {
			got = append(got, s.ID)
		}
		return known && v.Exists == (len(ids) > 0) && slices.Equal(got, ids)
	})
	return services
}

func (f *follower) awaitAnswer(q sources.Query) any {
	f.t.Helper()
	f.await("answer to "+q.String(), func() bool {
		_, known := f.values[q]
		return known
	})
	return f.value(q).Data
}
