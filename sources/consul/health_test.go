package consul_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

func TestInstanceHasAllItsFields(t *testing.T) {
	t.Parallel()
	server, web := testserver.Consul(t), name(t)
	r := newRegistry(t, server)
	r.register(web, web+"-1", "passing", func(reg *api.CatalogRegistration) {
		reg.ID = "7a9b2f6e-0d0c-4b7e-8f2e-5f7f0c1e2d3c"
		reg.TaggedAddresses = map[string]string{"wan": "198.51.100.1"}
		reg.NodeMeta = map[string]string{"rack": "r1", "external-node": "true"}
		reg.Service.Meta = map[string]string{"version": "2"}
		reg.Service.TaggedAddresses = map[string]api.ServiceAddress{"lan": {Address: "10.9.9.9", Port: 81}}
		reg.Service.Weights = api.AgentWeights{Passing: 5, Warning: 2}
		reg.Checks[0].Definition = api.HealthCheckDefinition{HTTP: "http://x", IntervalDuration: 10e9}
	})
	f := follow(t, open(t, consul.Config{Address: server.Addr}), ask(sources.Service, web))
	got := f.awaitInstances(ask(sources.Service, web), web+"-1")[0]
	check := got.Checks[0]
	if check.CreateIndex == 0 || check.ModifyIndex == 0 || check.Definition.Interval.String() != "10s" {
		t.Errorf("check is %+v", check)
	}
	want := &sources.HealthService{
		Node: "node-" + web + "-1", NodeID: "7a9b2f6e-0d0c-4b7e-8f2e-5f7f0c1e2d3c", NodeAddress: "10.0.0.1",
		NodeTaggedAddresses: map[string]string{"wan": "198.51.100.1"},
		NodeMeta:            map[string]string{"rack": "r1", "external-node": "true"},
		ServiceMeta:         map[string]string{"version": "2"},
		Address:             "10.0.0.1",
		ServiceTaggedAddresses: map[string]sources.ServiceAddress{
			"lan": {Address: "10.9.9.9", Port: 81},
		},
		ID: web + "-1", Name: web, Tags: sources.ServiceTags{"a", "z"}, Status: "passing", Port: 80,
		Weights: sources.Weights{Passing: 5, Warning: 2},
		Checks: sources.HealthChecks{{
			Node: "node-" + web + "-1", CheckID: "check-" + web + "-1", Name: "check", Status: "passing",
			ServiceID: web + "-1", ServiceName: web, ServiceTags: []string{"z", "a"},
			Type: "http", Definition: check.Definition,
			CreateIndex: check.CreateIndex, ModifyIndex: check.ModifyIndex,
		}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("instance is\n%+v\n%+v\nwant\n%+v\n%+v", got, got.Checks[0], want, want.Checks[0])
	}
}

func TestInstancesAreChosenAndSorted(t *testing.T) {
	t.Parallel()
	server, web := testserver.Consul(t), name(t)
	r := newRegistry(t, server)
	id := func(n int) string { return fmt.Sprintf("%s-%d", web, n) }
	for n, status := range []string{"passing", "warning", "critical", "passing"} {
		r.register(web, id(n), status, func(reg *api.CatalogRegistration) {
			if n == 3 {
				reg.Service.Tags = []string{"canary"}
				reg.Service.Address = "10.1.1.1"
			}
		})
	}
	r.register(web, id(4), "passing", func(reg *api.CatalogRegistration) {
		reg.Checks[0].CheckID, reg.Checks[0].Status = "_service_maintenance:"+id(4), "critical"
	})
	cases := []struct {
		params []string
		want   []int
	}{
		{nil, []int{0, 3}},
		{[]string{"filter", "passing"}, []int{0, 3}},
		{[]string{"filter", "any"}, []int{0, 1, 2, 3, 4}},
		{[]string{"filter", "critical,warning"}, []int{1, 2}},
		{[]string{"filter", "maintenance"}, []int{4}},
		{[]string{"filter", "any", "tag", "canary"}, []int{3}},
		{[]string{"tag", "nothing"}, nil},
	}
	var queries []sources.Query
	for _, c := range cases {
		queries = append(queries, ask(sources.Service, web, c.params...))
	}
	f := follow(t, open(t, consul.Config{Address: server.Addr}), queries...)
	for i, c := range cases {
		var ids []string
		for _, n := range c.want {
			ids = append(ids, id(n))
		}
		f.awaitInstances(queries[i], ids...)
	}
	if got := f.awaitInstances(queries[5], id(3))[0].Address; got != "10.1.1.1" {
		t.Errorf("address is %s, want the instance's own", got)
	}
	if got := f.awaitInstances(queries[4], id(4))[0].Status; got != "maintenance" {
		t.Errorf("status is %s", got)
	}
}

func TestNearnessIsTheServersOrder(t *testing.T) {
	t.Parallel()
	server, web := testserver.Consul(t), name(t)
	r := newRegistry(t, server)
	near := ask(sources.Service, web, "near", "node-"+web+"-b")
	nodes := ask(sources.NodeList, "", "near", "node-"+web+"-b")
	for i, id := range []string{"a", "b", "c"} {
		id = web + "-" + id
		r.register(web, id, "passing")
		r.place("node-"+id, []float64{5, 0, 1}[i])
	}
	for _, id := range []string{"a", "b", "c"} {
		r.await("coordinate of "+id, func() bool {
			found, _, err := r.client.Coordinate().Node("node-"+web+"-"+id, nil)
			return err == nil && len(found) == 1
		})
	}
	f := follow(t, open(t, consul.Config{Address: server.Addr}), near, nodes)
	f.awaitInstances(near, web+"-b", web+"-c", web+"-a")
	f.await("the nearest node first", func() bool {
		all, _ := f.values[nodes].Data.(sources.Nodes)
		return len(all) > 0 && all[0].Node == "node-"+web+"-b"
	})
}

func TestFlappingInstanceIsFollowed(t *testing.T) {
	t.Parallel()
	server, web := testserver.Consul(t), name(t)
	r := newRegistry(t, server)
	q := ask(sources.Service, web)
	f := follow(t, open(t, consul.Config{Address: server.Addr}), q, ask(sources.Service, web, "filter", "any"))
	f.awaitAbsent(q)
	for round := range 5 {
		r.register(web, web+"-1", "passing")
		f.awaitInstances(q, web+"-1")
		r.register(web, web+"-1", "critical")
		f.awaitInstances(q)
		if round == 4 {
			r.register(web, web+"-1", "passing", func(reg *api.CatalogRegistration) { reg.Service.Port = 8080 })
		}
	}
	if got := f.awaitInstances(q, web+"-1")[0].Port; got != 8080 {
		t.Errorf("port is %d after it moved", got)
	}
	r.register(web, web+"-1", "passing", func(reg *api.CatalogRegistration) {
		reg.Service.Port, reg.Address = 8080, "10.0.0.7"
	})
	f.await("the node's new address", func() bool {
		s, _ := f.values[q].Data.(sources.HealthServices)
		return len(s) == 1 && s[0].Address == "10.0.0.7"
	})
	r.deregister(web + "-1")
	f.awaitInstances(q)
}

// TestEqualAnswerIsNotPublished writes the same registration again, and beside
// the service what wakes a question for an absent one.
func TestEqualAnswerIsNotPublished(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	r := newRegistry(t, server)
	r.register("web", "web-1", "passing")
	web, none, nodes, last := ask(sources.Service, "web"), ask(sources.Service, "none"), ask(sources.NodeList, ""), ask(sources.Service, "last")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), web, none, nodes, last)
	f.awaitInstances(web, "web-1")
	f.awaitAbsent(none)
	f.await("the server's own node beside that of the service", func() bool { // it comes in its own time
		list, _ := f.values[nodes].Data.(sources.Nodes)
		return len(list) == 2
	})
	f.awaitAbsent(last)
	before := len(f.all())
	for range 3 {
		r.register("web", "web-1", "passing")
	}
	r.register("other", "web-1", "passing", func(reg *api.CatalogRegistration) { reg.SkipNodeUpdate, reg.Service.ID = true, "other" })
	r.register("last", "web-1", "passing", func(reg *api.CatalogRegistration) { reg.SkipNodeUpdate, reg.Service.ID = true, "last" })
	f.awaitInstances(last, "last")
	for _, u := range f.all()[before:] {
		for q := range u.Values {
			if q == none || q == nodes {
				t.Errorf("%s was published again: %+v", q, u.Values[q])
			}
		}
	}
}
