package register_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/cluster/register"
	"concierge/internal/testserver"
)

const promptly = 15 * time.Second

// wellness is a health that a test changes.
type wellness struct{ state atomic.Value }

func feels(s register.State) *wellness {
	w := new(wellness)
	w.state.Store(s)
	return w
}

func (w *wellness) now() (register.State, string) {
	return w.state.Load().(register.State), "as the test says"
}

// agent is a Consul as others see it.
type agent struct {
	*api.Client
	t *testing.T
}

func dial(t *testing.T, s *testserver.Server, token string) agent {
	t.Helper()
	transport := &http.Transport{}
	c, err := api.NewClient(&api.Config{Address: s.Addr, Token: token, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(transport.CloseIdleConnections)
	return agent{c, t}
}

// passing are the ids of the instances that others find.
func (a agent) passing(service string) (ids []string) {
	entries, _, err := a.Health().Service(service, "", true, nil)
	if err != nil {
		return []string{err.Error()}
	}
	for _, e := range entries {
		ids = append(ids, e.Service.ID)
	}
	slices.Sort(ids)
	return ids
}

func (a agent) finds(service string, ids ...string) {
	a.t.Helper()
	eventually(a.t, promptly, service+" has "+strings.Join(ids, ", "), func() bool { return slices.Equal(a.passing(service), ids) })
}

// leave registers what somebody else may have left, as it were well.
func (a agent) leave(r *api.AgentServiceRegistration) {
	a.t.Helper()
	r.Check = &api.AgentServiceCheck{CheckID: "left:" + r.ID, TTL: "1h", Status: api.HealthPassing}
	if err := a.Agent().ServiceRegister(r); err != nil {
		a.t.Fatal(err)
	}
}

// web is an instance of a service that no other test has.
func web(t *testing.T) register.Service {
	name := strings.ToLower(strings.Trim(testserver.Prefix(t), "/"))
	return register.Service{
		Name: name, Instance: "one", Incarnation: "05", Address: "10.1.2.3", Port: 80,
		Tags: []string{"blue", "v1"}, Meta: map[string]string{"zone": "a"},
	}
}

func enter(t *testing.T, cfg register.CatalogConfig) (c *register.Catalog, stop func()) {
	t.Helper()
	if cfg.TTL == 0 {
		cfg.TTL = time.Second
	}
	c, err := register.NewCatalog(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c, run(t, c.Run)
}

// run runs it until the test ends, or it is stopped.
func run(t *testing.T, f func(context.Context)) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { f(ctx) })
	stop = func() { cancel(); done.Wait() }
	t.Cleanup(stop)
	return stop
}

// eventually repeats look until it is true, at most for so long.
func eventually(t *testing.T, within time.Duration, what string, look func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); !look(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}

func TestInstanceIsFoundWhileItIsWellAndForgottenWhenItLeaves(t *testing.T) {
	t.Parallel()
	a, s, health := dial(t, testserver.Consul(t), ""), web(t), feels(register.Critical)
	c, stop := enter(t, register.CatalogConfig{Client: a.Client, Service: s, Health: health.now, TTL: time.Hour})
	eventually(t, promptly, "it is registered", func() bool { return c.Err() == nil })
	a.finds(s.Name)
	health.state.Store(register.Passing)
	c.Nudge()
	a.finds(s.Name, s.ID())
	has, _, err := a.Agent().Service(s.ID(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if has.Address != s.Address || has.Port != s.Port || !slices.Equal(has.Tags, s.Tags) || has.Meta["zone"] != "a" || has.Meta["concierge-incarnation"] != "05" {
		t.Errorf("the agent has %+v", has)
	}
	health.state.Store(register.Warning)
	c.Nudge()
	a.finds(s.Name)
	stop()
	if all, err := a.Agent().ServicesWithFilter(`Service == "` + s.Name + `"`); err != nil || len(all) > 0 {
		t.Errorf("after the end the agent has %v, %v", all, err)
	}
}

func TestWhatAHandChangedHealsWithinATTL(t *testing.T) {
	t.Parallel()
	a, s := dial(t, testserver.Consul(t), ""), web(t)
	enter(t, register.CatalogConfig{Client: a.Client, Service: s, Health: feels(register.Passing).now})
	a.finds(s.Name, s.ID())
	if err := a.Agent().ServiceDeregister(s.ID()); err != nil {
		t.Fatal(err)
	}
	a.finds(s.Name, s.ID())
	a.leave(&api.AgentServiceRegistration{ID: s.ID(), Name: s.Name, Address: "10.9.9.9", Meta: map[string]string{"concierge-incarnation": "05"}})
	eventually(t, promptly, "the address is right again", func() bool {
		has, _, err := a.Agent().Service(s.ID(), nil)
		return err == nil && has.Address == s.Address && has.Port == s.Port
	})
	if err := a.Agent().CheckDeregister("service:" + s.ID()); err != nil {
		t.Fatal(err)
	}
	eventually(t, promptly, "the check is back", func() bool {
		checks, err := a.Agent().Checks()
		return err == nil && checks["service:"+s.ID()] != nil && checks["service:"+s.ID()].Status == api.HealthPassing
	})
}

func TestInstanceIsFoundAgainAfterARestartOfTheAgent(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	a, s := dial(t, server, ""), web(t)
	c, _ := enter(t, register.CatalogConfig{Client: a.Client, Service: s, Health: feels(register.Passing).now})
	a.finds(s.Name, s.ID())
	server.Kill()
	eventually(t, promptly, "the trouble is told", func() bool { return c.Err() != nil })
	server.Start()
	eventually(t, 2*promptly, "it is registered again", func() bool { return c.Err() == nil })
	a.finds(s.Name, s.ID())
}

func TestLeftoversOfEarlierLivesGoAndThoseOfOthersStay(t *testing.T) {
	t.Parallel()
	a, s := dial(t, testserver.Consul(t), ""), web(t)
	meta := func(instance, life string) map[string]string {
		return map[string]string{"concierge-instance": instance, "concierge-incarnation": life}
	}
	for id, m := range map[string]map[string]string{
		s.ID(): meta("one", "04"), "old": meta("one", "03"), "two": meta("two", "03"), "plain": nil, "younger": meta("one", "06"),
	} {
		a.leave(&api.AgentServiceRegistration{ID: id + "", Name: s.Name, Address: s.Address, Port: s.Port, Meta: m})
	}
	a.leave(&api.AgentServiceRegistration{ID: "elsewhere", Name: s.Name, Address: s.Address, Port: 81, Meta: meta("one", "03")})
	c, _ := enter(t, register.CatalogConfig{Client: a.Client, Service: s, Health: feels(register.Passing).now})
	eventually(t, promptly, "it is registered", func() bool { return c.Err() == nil })
	want := []string{"elsewhere", "plain", "two", "younger", s.ID()}
	slices.Sort(want)
	a.finds(s.Name, want...)
	checks, err := a.Agent().Checks()
	if err != nil || checks["left:"+s.ID()] != nil {
		t.Errorf("the check of the earlier life is %+v, %v", checks["left:"+s.ID()], err)
	}
}

func TestYoungerLifeThatIsWellIsLeftAlone(t *testing.T) {
	t.Parallel()
	a, s := dial(t, testserver.Consul(t), ""), web(t)
	a.leave(&api.AgentServiceRegistration{ID: s.ID(), Name: s.Name, Port: 99, Meta: map[string]string{"concierge-incarnation": "06"}})
	c, stop := enter(t, register.CatalogConfig{Client: a.Client, Service: s, Health: feels(register.Passing).now})
	eventually(t, promptly, "it says why", func() bool { return strings.Contains(c.Err().Error(), "cluster.instance") })
	if err := a.Agent().FailTTL("left:"+s.ID(), "dead"); err != nil {
		t.Fatal(err)
	}
	eventually(t, promptly, "one that is dead is replaced", func() bool { return c.Err() == nil })
	a.leave(&api.AgentServiceRegistration{ID: s.ID(), Name: s.Name, Port: 99, Meta: map[string]string{"concierge-incarnation": "06"}})
	stop()
	if has, _, err := a.Agent().Service(s.ID(), nil); err != nil || has.Port != 99 {
		t.Errorf("at the end the younger life was taken out: %+v, %v", has, err)
	}
}

func TestExpiredTokenHealsWithTheNextOne(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{ACL: true})
	a, s := dial(t, server, server.Token), web(t)
	policy, _, err := a.ACL().PolicyCreate(&api.ACLPolicy{Name: "register", Rules: `service_prefix "" { policy = "write" } node_prefix "" { policy = "read" }`}, nil)
	if err != nil {
		t.Fatal(err)
	}
	grant := func() *api.ACLToken {
		token, _, err := a.ACL().TokenCreate(&api.ACLToken{Policies: []*api.ACLLink{{ID: policy.ID}}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	first := grant()
	var token atomic.Pointer[api.ACLToken]
	token.Store(first)
	c, _ := enter(t, register.CatalogConfig{
		Client: dial(t, server, "").Client, Service: s, Health: feels(register.Passing).now,
		Token: func() (string, error) { return token.Load().SecretID, nil },
	})
	a.finds(s.Name, s.ID())
	if _, err := a.ACL().TokenDelete(first.AccessorID, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, promptly, "the refusal is told", func() bool { return c.Err() != nil })
	if text := c.Err().Error(); !strings.Contains(text, "policy") || strings.Contains(text, first.SecretID) {
		t.Errorf("error is %s", text)
	}
	if err := a.Agent().ServiceDeregister(s.ID()); err != nil {
		t.Fatal(err)
	}
	token.Store(grant())
	a.finds(s.Name, s.ID())
}

func TestConsulAsksTheURLItself(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if sick.Load() {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}))
	t.Cleanup(app.Close)
	a, s := dial(t, testserver.Consul(t), ""), web(t)
	enter(t, register.CatalogConfig{Client: a.Client, Service: s, Health: feels(register.Critical).now, HTTP: app.URL, TTL: 3 * time.Second})
	a.finds(s.Name, s.ID())
	sick.Store(true)
	a.finds(s.Name)
}
