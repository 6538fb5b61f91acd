package consul_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

func TestCatalogIsSortedByName(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	r := newRegistry(t, server)
	for _, id := range []string{"b", "a", "c"} {
		r.register("svc-"+id, id, "passing", func(reg *api.CatalogRegistration) { reg.Service.Meta = map[string]string{"of": id} })
	}
	r.register("svc-a", "b2", "passing", func(reg *api.CatalogRegistration) {
		reg.Node, reg.SkipNodeUpdate, reg.Checks, reg.Service.Tags = "node-b", true, nil, []string{"more"}
	})
	services, nodes, node := ask(sources.ServiceList, ""), ask(sources.NodeList, ""), ask(sources.NodeOf, "node-b")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), services, nodes, node)
	var got []string
	for _, s := range f.awaitAnswer(services).(sources.CatalogServices) {
		got = append(got, s.Name+" "+strings.Join(s.Tags, ","))
	}
	if want := []string{"consul ", "svc-a a,more,z", "svc-b a,z", "svc-c a,z"}; !slices.Equal(got, want) {
		t.Errorf("services are %q, want %q", got, want)
	}
	var names []string
	for _, n := range f.awaitAnswer(nodes).(sources.Nodes) {
		names = append(names, n.Node)
		if n.Datacenter != "dc1" {
			t.Errorf("node is %+v", n)
		}
	}
	if !slices.IsSorted(names) || len(names) != 4 {
		t.Errorf("nodes are %q", names)
	}
	b := f.awaitAnswer(node).(*sources.CatalogNode)
	if b.Node == nil || b.Node.Address != "10.0.0.1" || len(b.Services) != 2 ||
		b.Services[0].Service != "svc-a" || b.Services[1].ID != "b" || b.Services[1].Meta["of"] != "b" {
		t.Errorf("node is %+v", b)
	}
	r.deregister("c")
	f.await("the catalogue without a service", func() bool {
		s := f.values[services].Data.(sources.CatalogServices)
		n := f.values[nodes].Data.(sources.Nodes)
		return len(s) == 3 && len(n) == 3
	})
}

func TestUnknownNodeIsAnAnswerWithoutNode(t *testing.T) {
	t.Parallel()
	server, id := testserver.Consul(t), name(t)
	q := ask(sources.NodeOf, "node-"+id)
	f := follow(t, open(t, consul.Config{Address: server.Addr}), q)
	if got := f.awaitAnswer(q).(*sources.CatalogNode); got.Node != nil || !f.value(q).Exists {
		t.Errorf("unknown node is %+v", got)
	}
	newRegistry(t, server).register(id, id, "passing")
	f.await("the node", func() bool { return f.values[q].Data.(*sources.CatalogNode).Node != nil })
}

func TestNodeWithoutNameIsThatOfTheAgent(t *testing.T) {
	t.Parallel()
	server := testserver.Consul(t)
	self, err := newRegistry(t, server).client.Agent().NodeName()
	if err != nil {
		t.Fatal(err)
	}
	q := ask(sources.NodeOf, "")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), q)
	if got := f.awaitAnswer(q).(*sources.CatalogNode); got.Node == nil || got.Node.Node != self || len(got.Services) == 0 {
		t.Errorf("node is %+v, want %s", got, self)
	}
}

func TestDatacentersThatDoNotAnswerAreLeftOut(t *testing.T) {
	t.Parallel()
	server := testserver.Consul(t)
	all, there := ask(sources.DatacenterList, ""), ask(sources.DatacenterList, "", "reachable", "true")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), all, there)
	for _, q := range []sources.Query{all, there} {
		if got := f.awaitAnswer(q).(sources.Names); !slices.Equal(got, sources.Names{"dc1"}) {
			t.Errorf("%s is %q", q, got)
		}
	}
}

func TestSharedQuestionIsOnePoll(t *testing.T) {
	t.Parallel()
	server, web := testserver.Consul(t), name(t)
	r := newRegistry(t, server)
	r.register(web, web+"-1", "passing")
	q, named := ask(sources.Service, web), ask(sources.Service, web)
	named.Options = sources.Options{Datacenter: "dc1"}.Handle()
	f := follow(t, open(t, consul.Config{Address: server.Addr, Datacenter: "dc1"}), q, named)
	f.awaitInstances(q, web+"-1")
	f.awaitInstances(named, web+"-1")
	for _, u := range f.all() {
		if len(u.Values) == 1 {
			t.Errorf("two queries that ask the same are answered one by one: %v", slices.Collect(maps.Keys(u.Values)))
		}
	}
}

func TestQuestionThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for q, word := range map[sources.Query]string{
		ask(sources.Service, "web", "colour", "red"): "colour",
		ask(sources.Service, "web", "tag", "%zz"):    "name=value",
		ask(sources.Secret, "x"):                     "keys, trees",
		ask(sources.Service, ""):                     "service",
	} {
		f := follow(t, shared(t), q)
		if err := f.awaitFailed(q); !strings.Contains(err.Error(), word) {
			t.Errorf("%s: error %q does not name %q", q, err, word)
		}
	}
}

func TestTokenSeesItsShareOfTheCatalog(t *testing.T) {
	t.Parallel()
	server, _ := guarded(t)
	r := newRegistry(t, server)
	r.register("open", "open-1", "passing")
	r.register("closed", "closed-1", "passing")
	s := open(t, consul.Config{Address: server.Addr, Token: grant(t, server,
		`service "open" { policy = "read" } node_prefix "node-" { policy = "read" }`)})
	services, allowed, denied := ask(sources.ServiceList, ""), ask(sources.Service, "open"), ask(sources.Service, "closed")
	none, node := ask(sources.Service, "none"), ask(sources.NodeOf, "node-closed-1")
	f := follow(t, s, services, allowed, denied, none, node)
	f.awaitInstances(allowed, "open-1")
	assertDenied(t, f.awaitFailed(denied))
	f.awaitAbsent(none)
	if got := f.awaitAnswer(services).(sources.CatalogServices); len(got) != 1 || got[0].Name != "open" {
		t.Errorf("services are %+v", got)
	}
	if got := f.awaitAnswer(node).(*sources.CatalogNode); got.Node == nil || len(got.Services) != 0 {
		t.Errorf("node is %+v", got)
	}
}

func TestCatalogOutlivesItsServer(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	r := newRegistry(t, server)
	r.register("web", "web-1", "passing")
	q := ask(sources.Service, "web")
	f := follow(t, open(t, consul.Config{Address: server.Addr}), q, ask(sources.ServiceList, ""), ask(sources.DatacenterList, ""))
	f.awaitInstances(q, "web-1")
	server.Stop()
	f.awaitAway()
	server.Start()
	f.awaitBack()
	r.register("web", "web-2", "passing")
	f.awaitInstances(q, "web-1", "web-2")
	if n := f.errors(); n != 1 {
		t.Errorf("%d outages reported, want 1", n)
	}
	for _, u := range f.all() {
		for q, v := range u.Values {
			if !v.Exists {
				t.Errorf("%s reported absent", q)
			}
		}
	}
}
