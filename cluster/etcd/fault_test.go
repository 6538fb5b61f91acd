package etcd_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/cluster"
	"concierge/cluster/etcd"
	"concierge/cluster/storetest/servers"
	"concierge/internal/testserver"
)

const (
	ttl      = 10 * time.Second
	promptly = 20 * time.Second
)

func TestSessionOutlivesTheTokenOfItsLogin(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true, Args: []string{"--auth-token-ttl", "1"}})
	cfg := clientv3.Config{Endpoints: []string{server.Addr}, Username: server.Username, Password: server.Password}
	s := servers.DialEtcd(t, cfg, "ns")
	o, values := own(t, s), last(t, s)
	time.Sleep(ttl + ttl/2) // several lives of a token, and more than one of the session; observed, not waited for
	if o.Fresh() > ttl/2 {
		t.Errorf("the session was renewed last %s ago", o.Fresh())
	}
	write(t, s, "2", o)
	eventually(t, "the watch tells the second value", func() bool { return values() == "2" })
}

func TestUserWithoutPermissionIsToldWhich(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{Auth: true})
	cfg := clientv3.Config{Endpoints: []string{server.Addr}, Username: server.Username, Password: server.Password}
	admin := servers.DialEtcdClient(t, cfg)
	if _, err := admin.UserAdd(t.Context(), "app", "the-password"); err != nil {
		t.Fatal(err)
	}
	cfg.Username, cfg.Password = "app", "the-password"
	_, err := servers.DialEtcd(t, cfg, "ns").Read(t.Context(), "inst/")
	if !errors.Is(err, rpctypes.ErrPermissionDenied) || !strings.Contains(err.Error(), "readwrite ns/v1/") || strings.Contains(err.Error(), "the-password") {
		t.Errorf("error is %v", err)
	}
}

func TestLossOfAMemberLosesNoSession(t *testing.T) {
	t.Parallel()
	members := testserver.NewEtcdCluster(t, 3)
	var cfg clientv3.Config
	for _, m := range members {
		cfg.Endpoints = append(cfg.Endpoints, m.Addr)
	}
	s := servers.DialEtcd(t, cfg, "ns")
	o := own(t, s)
	for i, m := range members {
		m.Kill()
		renewed(t, o)
		write(t, s, fmt.Sprint("without ", i), o)
		m.Start()
	}
	select {
	case <-o.Lost():
		t.Error("the session was lost")
	default:
	}
}

// own opens a session and writes a key with it.
func own(t *testing.T, s *etcd.Store) cluster.Session {
	t.Helper()
	o, err := s.Open(t.Context(), ttl)
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, "1", o)
	return o
}

// write repeats what an election refuses.
func write(t *testing.T, s *etcd.Store, value string, o cluster.Session) {
	t.Helper()
	var err error
	eventually(t, "a write is taken", func() bool {
		_, err = s.Commit(t.Context(), cluster.Txn{Then: []cluster.Write{{Key: "mine", Value: []byte(value), Session: o}}})
		return err == nil
	})
}

// renewed waits for a renewal that is asked for from now on.
func renewed(t *testing.T, o cluster.Session) {
	t.Helper()
	begin := time.Now()
	eventually(t, "the session is renewed", func() bool { return o.Fresh() < time.Since(begin) })
}

// last follows the key and returns its value as it was told last.
func last(t *testing.T, s *etcd.Store) func() string {
	t.Helper()
	var value atomic.Value
	value.Store("")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		cluster.Follow(ctx, s, "", func(v cluster.View) { value.Store(string(v.Get("mine").Value)) }, func(error) {})
	}()
	t.Cleanup(func() { cancel(); <-done })
	return func() string { return value.Load().(string) }
}

func eventually(t *testing.T, what string, look func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(promptly); !look(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", promptly, what)
		}
	}
}
