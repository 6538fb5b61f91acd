package consul_test

import (
	"fmt"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

// passing counts the instances that a query was answered with.
func (f *follower) passing(q sources.Query) int {
	services, _ := f.values[q].Data.(sources.HealthServices)
	return len(services)
}

// TestMoreServicesThanConnections asks a server that grants the usual 200
// connections for more services than that.
func TestMoreServicesThanConnections(t *testing.T) {
	t.Parallel()
	const services = 260
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	fleet := newFleet(t, server, "", services, 2)
	f := follow(t, open(t, consul.Config{Address: server.Addr}), fleet.queries(services)...)
	f.await("all answers", func() bool { return len(f.values) == services })
	for s := range services {
		fleet.turn(t, s, s%2, "critical")
	}
	f.await("every change", func() bool {
		for s := range services {
			if f.passing(fleet.query(s)) != 1 {
				return false
			}
		}
		return true
	})
	f.want(fleet.queries(5)...)
	fleet.turn(t, 3, 1, "passing")
	f.await("a change of a held one", func() bool { return f.passing(fleet.query(3)) == 2 })
	f.want(fleet.queries(services)...)
	fleet.turn(t, services-1, 1, "passing")
	f.await("a change of one parked again", func() bool { return f.passing(fleet.query(services-1)) == 2 })
	for _, u := range f.all() {
		if u.Err != nil || len(u.Failed) > 0 {
			t.Errorf("outage %v, failed %v", u.Err, u.Failed)
		}
	}
}

// TestParkedLookupsSeeEveryKindOfChange leaves so few connections that nearly
// all lookups are parked.
func TestParkedLookupsSeeEveryKindOfChange(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	fleet, r := newFleet(t, server, "", 20, 2), newRegistry(t, server)
	queries := fleet.queries(20)
	node, late := ask(sources.NodeOf, fleet.node(1)), ask(sources.Service, "zz-late")
	queries = append(queries, node, late)
	f := follow(t, open(t, consul.Config{Address: server.Addr, Transport: sources.Transport{MaxConnsPerHost: 8}}), queries...)
	f.await("all answers", func() bool { return len(f.values) == len(queries) })

	r.register("zz-late", "zz-late-1", "passing")
	f.awaitInstances(late, "zz-late-1")
	r.register("zz-late", "zz-late-1", "passing", func(reg *api.CatalogRegistration) { reg.Service.Port = 4242 })
	f.await("a new port", func() bool {
		s, _ := f.values[late].Data.(sources.HealthServices)
		return len(s) == 1 && s[0].Port == 4242
	})
	r.register("zz-late", "zz-late-1", "passing", func(reg *api.CatalogRegistration) { reg.Service.Port, reg.Address = 4242, "10.9.9.9" })
	f.await("a new address of the node", func() bool {
		s, _ := f.values[late].Data.(sources.HealthServices)
		return len(s) == 1 && s[0].Address == "10.9.9.9"
	})
	r.deregister("zz-late-1")
	f.awaitInstances(late)
	if _, err := fleet.client.Catalog().Deregister(&api.CatalogDeregistration{Node: fleet.node(1), ServiceID: fleet.service(19)}, nil); err != nil {
		t.Fatal(err)
	}
	f.await("a node with one service less", func() bool {
		n, _ := f.values[node].Data.(*sources.CatalogNode)
		return n != nil && len(n.Services) == 19
	})
	f.await("a service with one instance", func() bool { return f.passing(fleet.query(19)) == 1 })
}

func TestCrowdOutlivesItsServer(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	fleet := newFleet(t, server, "", 30, 1)
	f := follow(t, open(t, consul.Config{Address: server.Addr, Transport: sources.Transport{MaxConnsPerHost: 8}}), fleet.queries(30)...)
	f.await("all answers", func() bool { return len(f.values) == 30 })
	server.Stop()
	f.awaitAway()
	server.Start()
	f.awaitBack()
	for s := range 30 {
		fleet.turn(t, s, 0, "critical")
		f.await(fmt.Sprint("change of service ", s), func() bool {
			v, known := f.values[fleet.query(s)]
			return known && !v.Exists
		})
	}
	if n := f.errors(); n != 1 {
		t.Errorf("%d outages reported, want 1", n)
	}
}
