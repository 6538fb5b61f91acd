package vault_test

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"

	"concierge/internal/testserver"
	"concierge/secrets"
	"concierge/secrets/vault"
	"concierge/sources"
)

// follower runs Watch and keeps what it published.
type follower struct {
	t      *testing.T
	wanted chan []sources.Query

	mu      sync.Mutex
	updates []sources.Update
	values  map[sources.Query]sources.Value
	failed  map[sources.Query]error
	away    bool
}

// follow watches until the test ends.
func follow(t *testing.T, s *vault.Source, queries ...sources.Query) *follower {
	t.Helper()
	f := &follower{
		t:      t,
		wanted: make(chan []sources.Query),
		values: make(map[sources.Query]sources.Value),
		failed: make(map[sources.Query]error),
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, f.wanted, f.take)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	f.want(queries...)
	return f
}

func (f *follower) take(u sources.Update) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.updates = append(f.updates, u)
	f.away = u.Err != nil
	for q, v := range u.Values {
		f.values[q] = v
		delete(f.failed, q)
	}
	maps.Copy(f.failed, u.Failed)
}

func (f *follower) want(queries ...sources.Query) {
	f.t.Helper()
	select {
	case f.wanted <- queries:
	case <-time.After(10 * time.Second):
		f.t.Fatal("Watch does not take a new set")
	}
}

// await waits until what was published satisfies ok.
func (f *follower) await(what string, ok func() bool) {
	f.t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		f.mu.Lock()
		done := ok()
		f.mu.Unlock()
		if done {
			return
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("no %s; %d updates, failed: %v, away: %v", what, len(f.all()), f.failed, f.away)
		}
		time.Sleep(time.Millisecond)
	}
}

// awaitField waits for a field of a KV secret of version 1 or 2.
func (f *follower) awaitField(q sources.Query, field string, want any) {
	f.t.Helper()
	f.await(q.String()+" with "+field, func() bool {
		data := fields(f.values[q])
		return f.values[q].Exists && data[field] == want
	})
}

func fields(v sources.Value) map[string]any {
	secret, ok := v.Data.(*sources.SecretData)
	if !ok {
		return nil
	}
	if inner, ok := secret.Data["data"].(map[string]any); ok {
		return inner
	}
	return secret.Data
}

func (f *follower) awaitAbsent(q sources.Query) {
	f.t.Helper()
	f.await("absence of "+q.String(), func() bool {
		v, known := f.values[q]
		return known && !v.Exists
	})
}

func (f *follower) awaitFailed(q sources.Query) error {
	f.t.Helper()
	f.await("failure of "+q.String(), func() bool { return f.failed[q] != nil })
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.failed[q]
}

func (f *follower) awaitAway() { f.t.Helper(); f.await("outage", func() bool { return f.away }) }
func (f *follower) awaitBack() {
	f.t.Helper()
	f.await("end of the outage", func() bool { return !f.away })
}

// isAway reports whether the last update said that Vault is away.

func (f *follower) all() []sources.Update {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]sources.Update(nil), f.updates...)
}

// errors counts the outages that were reported.
func (f *follower) errors() (n int) {
	for _, u := range f.all() {
		if u.Err != nil {
			n++
		}
	}
	return n
}

func (f *follower) value(q sources.Query) sources.Value {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.values[q]
}

// soon is a refresh interval for tests.
const soon = 100 * time.Millisecond

func open(t *testing.T, cfg vault.Config) *vault.Source {
	t.Helper()
	s, err := vault.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func config(server *testserver.Server) vault.Config {
	return vault.Config{Address: server.URL(), Token: secrets.NewText(server.Token), Refresh: soon}
}

// admin edits Vault without the source's own code.
type admin struct {
	t      *testing.T
	client *api.Client
}

func administer(t *testing.T, server *testserver.Server) admin {
	t.Helper()
	client, err := api.NewClient(&api.Config{Address: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken(server.Token)
	return admin{t, client}
}

func (a admin) write(path string, data map[string]any) *api.Secret {
	a.t.Helper()
	answer, err := a.client.Logical().Write(path, data)
	if err != nil {
		a.t.Fatal(err)
	}
	return answer
}

func (a admin) delete(path string) {
	a.t.Helper()
	if _, err := a.client.Logical().Delete(path); err != nil {
		a.t.Fatal(err)
	}
}

// put2 writes a secret of the version 2 mount.
func (a admin) put2(name string, data map[string]any) {
	a.t.Helper()
	a.write("secret/data/"+name, map[string]any{"data": data})
}

// grant makes a token with the policy.
func (a admin) grant(name, policy string) secrets.Text {
	a.t.Helper()
	if err := a.client.Sys().PutPolicy(name, policy); err != nil {
		a.t.Fatal(err)
	}
	token, err := a.client.Auth().Token().Create(&api.TokenCreateRequest{Policies: []string{name}})
	if err != nil {
		a.t.Fatal(err)
	}
	return secrets.NewText(token.Auth.ClientToken)
}

func secret(path string) sources.Query {
	return sources.Query{Source: "vault", Kind: sources.Secret, Path: path}
}

func names(path string) sources.Query {
	return sources.Query{Source: "vault", Kind: sources.SecretList, Path: path}
}
