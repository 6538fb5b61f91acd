package etcd_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/cluster/member"
	"concierge/cluster/register"
	"concierge/cluster/storetest/servers"
	"concierge/internal/testserver"
	"concierge/render"
	"concierge/sources"
	"concierge/sources/etcd"
)

// sidecar announces an instance of a service until the test ends, or leave.
type sidecar struct {
	*register.Record
	state atomic.Value
	leave func()
}

func (s *sidecar) health() (register.State, string) { return s.state.Load().(register.State), "" }

func (s *sidecar) is(state register.State) {
	s.state.Store(state)
	s.Nudge()
}

func announce(t *testing.T, addr, namespace string, service register.Service) *sidecar {
	t.Helper()
	store := servers.DialEtcd(t, clientv3.Config{Endpoints: []string{addr}}, namespace)
	a, err := member.New(member.Config{Store: store, Service: service.Name, Instance: member.Instance{ID: service.Instance}, TTL: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	service.Incarnation = a.Instance().Incarnation
	s := new(sidecar)
	s.state.Store(register.Passing)
	s.Record, err = register.NewRecord(register.RecordConfig{Store: store, Sessions: a, Service: service, Health: s.health})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var parts sync.WaitGroup
	parts.Go(func() { a.Run(ctx) })
	parts.Go(func() { s.Run(ctx) })
	s.leave = func() { cancel(); parts.Wait() }
	t.Cleanup(s.leave)
	return s
}

// shows waits until the template gives the output.
func (r *recorder) shows(tmpl *render.Template, want string) {
	r.tb.Helper()
	got := ""
	defer func() {
		if r.tb.Failed() {
			r.tb.Logf("the template gave %q", got)
		}
	}()
	r.until("the template shows "+want, func() bool {
		known, _ := sources.Snapshot{}.With(r.values)
		result, err := tmpl.Execute(known)
		if err != nil {
			r.tb.Fatal(err)
		}
		got = string(result.Output)
		return len(result.Missing) == 0 && got == want
	})
}

func TestTemplateReadsWhatSidecarsAnnounce(t *testing.T) {
	addr, namespace := testserver.Etcd(t).Addr, testserver.Prefix(t)
	naming := render.Naming{Default: "etcd", Catalog: "etcd", Known: func(name string) (bool, bool) { return name == "etcd", name == "etcd" }}
	tmpl, err := render.Parse(`{{ range service "web" }}{{ .Address }}:{{ .Port }} {{ end }}`+
		`all{{ range service "web|any" }} {{ .ID }}={{ .Status }}{{ end }} blue{{ range service "blue.web" }} {{ .ID }}{{ end }}`+
		` list{{ range services }} {{ .Name }}{{ .Tags }}{{ end }}`, render.Options{Sources: naming})
	if err != nil {
		t.Fatal(err)
	}
	r := record(t, open(t, etcd.Config{Endpoints: []string{addr}, Prefix: namespace + "app/", Namespace: namespace}), tmpl.Literals()...)
	r.shows(tmpl, "all blue list")
	b := announce(t, addr, namespace, register.Service{Name: "web", Instance: "b", Node: "n1", Address: "10.0.0.2", Port: 81, Tags: []string{"v1", "Blue"}})
	r.shows(tmpl, "10.0.0.2:81 all web-b=passing blue web-b list web[Blue v1]")
	announce(t, addr, namespace, register.Service{Name: "web", Instance: "a", Node: "n2", Address: "10.0.0.1", Port: 80, Tags: []string{"v1"}})
	announce(t, addr, namespace, register.Service{Name: "web2", Instance: "a", Node: "n1", Address: "10.0.0.3"})
	r.shows(tmpl, "10.0.0.2:81 10.0.0.1:80 all web-b=passing web-a=passing blue web-b list web[Blue v1] web2[]")
	b.is(register.Critical)
	r.shows(tmpl, "10.0.0.1:80 all web-b=critical web-a=passing blue list web[Blue v1] web2[]")
	b.leave()
	r.shows(tmpl, "10.0.0.1:80 all web-a=passing blue list web[v1] web2[]")
}

func service(name string, options sources.Options) sources.Query {
	return sources.Query{Source: "etcd", Kind: sources.Service, Path: name, Options: options.Handle()}
}

func TestKeysAndServicesOfOneTransactionArriveTogether(t *testing.T) {
	server, namespace := testserver.Etcd(t), testserver.Prefix(t)
	w := writer{client: rawClient(t, server), prefix: namespace}
	web, port, all := service("web", sources.Options{}), key("port"), tree("")
	r := record(t, open(t, etcd.Config{Endpoints: []string{server.Addr}, Prefix: namespace, Namespace: namespace}), web, port, all)
	r.until("all are answered", func() bool { return len(r.values) == 3 })
	for _, want := range []string{"80", "81", "82"} {
		if err := w.transact(t.Context(), map[string]string{
			"port": want, "v1/services/web/a": `{"id":"a","name":"web","address":"10.0.0.1","port":` + want + `}`,
		}); err != nil {
			t.Fatal(err)
		}
	}
	r.until("the last transaction arrived", func() bool {
		instances, _ := r.values[web].Data.(sources.HealthServices)
		if len(instances) == 1 {
			pair := r.values[port].Data.(sources.KeyPair)
			if got := map[int]string{80: "80", 81: "81", 82: "82"}[instances[0].Port]; got != pair.Value {
				t.Fatalf("service with port %s, key %s", got, pair.Value)
			}
		}
		return r.is(port, "82")
	})
	if pairs, _ := r.values[all].Data.(sources.Pairs); len(pairs) != 2 {
		t.Errorf("the tree has %+v", pairs)
	}
}

func TestRecordThatCannotBeReadHidesOneInstance(t *testing.T) {
	server, namespace := testserver.Etcd(t), testserver.Prefix(t)
	w := writer{client: rawClient(t, server), prefix: namespace + "v1/services/web/"}
	for name, value := range map[string]string{
		"a": `{"id":"a","name":"web"}`, "b": `{`, "c": `{"address":"10.0.0.1"}`, "d": `[]`, "e": `{"id":"e","name":"web","health":"odd"}`,
	} {
		if err := w.Put(t.Context(), name, value); err != nil {
			t.Fatal(err)
		}
	}
	web, any := service("web", sources.Options{}), service("web", sources.Options{Params: "filter=any"})
	r := record(t, open(t, etcd.Config{Endpoints: []string{server.Addr}, Namespace: namespace}), web, any)
	r.until("both are answered", func() bool { return len(r.values) == 2 })
	for q, want := range map[sources.Query]string{web: "web-a", any: "web-a web-e"} {
		var ids []string
		for _, s := range r.values[q].Data.(sources.HealthServices) {
			ids = append(ids, s.ID)
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s has %q, want %q", q, got, want)
		}
	}
}

func TestQueryThatServicesOnEtcdCannotAnswerSaysWhatToWrite(t *testing.T) {
	addr, namespace := testserver.Etcd(t).Addr, testserver.Prefix(t)
	for hint, c := range map[string]struct {
		namespace string
		query     sources.Query
	}{
		"cluster.service":   {"", service("web", sources.Options{})},
		"cluster.namespace": {namespace, service("web", sources.Options{Datacenter: "dc2"})},
		"near":              {namespace, service("web", sources.Options{Params: "near=_agent"})},
		"name it":           {namespace, service("", sources.Options{})},
	} {
		r := record(t, open(t, etcd.Config{Endpoints: []string{addr}, Namespace: c.namespace}), c.query)
		r.until("it failed", func() bool { return r.failed[c.query] != nil })
		if text := r.failed[c.query].Error(); !strings.Contains(text, hint) {
			t.Errorf("%s does not say %q", text, hint)
		}
	}
}
