package register_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"concierge/cluster"
	"concierge/cluster/member"
	"concierge/cluster/register"
	"concierge/cluster/storetest/servers"
)

const ttl = 10 * time.Second

// announce runs the announcement of an instance.
func announce(t *testing.T, s cluster.Store, service register.Service) (a *member.Announcer, stop func()) {
	t.Helper()
	a, err := member.New(member.Config{
		Store: s, Service: service.Name, Instance: member.Instance{ID: service.Instance, Incarnation: service.Incarnation}, TTL: ttl,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a, run(t, a.Run)
}

// keep runs the record of an instance that is announced.
func keep(t *testing.T, s cluster.Store, service register.Service, health *wellness) (r *register.Record, stop func()) {
	t.Helper()
	a, leave := announce(t, s, service)
	r, err := register.NewRecord(register.RecordConfig{Store: s, Sessions: a, Service: service, Health: health.now})
	if err != nil {
		t.Fatal(err)
	}
	end := run(t, r.Run)
	return r, func() { end(); leave() }
}

func entry(t *testing.T, s cluster.Store, service register.Service) (e register.Entry, there bool) {
	t.Helper()
	key := register.Key(service.Name, service.Instance)
	v, err := s.Read(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	at := v.Get(key)
	if at.Version == cluster.Absent {
		return e, false
	}
	if err := json.Unmarshal(at.Value, &e); err != nil {
		t.Fatalf("%s: %v", at.Value, err)
	}
	return e, at.Owned
}

func instance(life string) register.Service {
	return register.Service{
		Name: "web/a", Instance: "one", Incarnation: life, Node: "host", Address: "10.1.2.3", Port: 80,
		Tags: []string{"blue"}, Meta: map[string]string{"zone": "a"},
	}
}

func TestRecordFollowsTheHealthAndComesBackWhenItIsDeleted(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		reader, service, health := names.Dial(), instance("05"), feels(register.Passing)
		r, stop := keep(t, names.Dial(), service, health)
		has := func(state register.State) func() bool {
			return func() bool {
				e, ok := entry(t, reader, service)
				return ok && e.Health == state && e.ID == "one" && e.Name == "web/a" && e.Address == service.Address &&
					e.Port == 80 && slices.Equal(e.Tags, service.Tags) && e.Meta["zone"] == "a" && e.Incarnation == "05"
			}
		}
		eventually(t, promptly, "it is passing", has(register.Passing))
		eventually(t, promptly, "Err is nil", func() bool { return r.Err() == nil })
		health.state.Store(register.Critical)
		r.Nudge()
		eventually(t, promptly, "it is critical", has(register.Critical))
		key := register.Key(service.Name, service.Instance)
		if _, err := reader.Commit(context.Background(), cluster.Txn{Then: []cluster.Write{{Key: key, Delete: true}}}); err != nil {
			t.Fatal(err)
		}
		eventually(t, promptly, "it is back", has(register.Critical))
		stop()
		if _, there := entry(t, reader, service); there {
			t.Error("the record outlived its instance")
		}
	})
}

func TestRecordVanishesWithACrashAndTheNextLifeWritesItsOwn(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		reader, dying := names.Dial(), names.Dial()
		keep(t, dying, instance("05"), feels(register.Passing))
		eventually(t, promptly, "it is there", func() bool { _, ok := entry(t, reader, instance("05")); return ok })
		if err := dying.Close(); err != nil {
			t.Fatal(err)
		}
		keep(t, names.Dial(), instance("06"), feels(register.Warning))
		eventually(t, names.Expiry(ttl)+promptly, "it is that of the next life", func() bool {
			e, ok := entry(t, reader, instance("06"))
			return ok && e.Incarnation == "06" && e.Health == register.Warning
		})
	})
}
