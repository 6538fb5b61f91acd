package etcd_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/etcd"
)

func TestTransactionOverSeveralRangesIsOneUpdate(t *testing.T) {
	server, prefix := testserver.Etcd(t), testserver.Prefix(t)
	w := writer{client: rawClient(t, server), prefix: prefix}
	var queries []sources.Query
	for i := range 10 { // each in a directory of its own: ten watchers
		queries = append(queries, key(fmt.Sprintf("d%d/k", i)))
	}
	r := record(t, open(t, etcd.Config{Endpoints: []string{server.Addr}, Prefix: prefix}), queries...)
	r.until("all are answered", func() bool { return len(r.values) == len(queries) })
	for round := range 100 {
		pairs := make(map[string]string)
		for _, q := range queries {
			pairs[q.Path] = fmt.Sprint(round)
		}
		if err := w.transact(t.Context(), pairs); err != nil {
			t.Fatal(err)
		}
	}
	r.until("the last transaction arrived", func() bool {
		first, _ := r.values[queries[0]].Data.(sources.KeyPair)
		for _, q := range queries {
			if r.values[q].Exists && !r.is(q, first.Value) {
				t.Fatalf("two transactions are mixed: %v", r.values)
			}
		}
		return r.is(queries[0], "99")
	})
	if len(r.errs) != 0 {
		t.Errorf("outages were reported: %v", r.errs)
	}
}

func TestOneUpdateForOneTransactionOverManyRanges(t *testing.T) {
	server, prefix := testserver.Etcd(t), testserver.Prefix(t)
	w := writer{client: rawClient(t, server), prefix: prefix}
	queries := []sources.Query{tree("tree/")}
	pairs := map[string]string{"tree/a": "1"}
	for i := range 100 { // more than are watched apart
		q := key(fmt.Sprintf("a%d/b%d/k", i%10, i))
		queries, pairs[q.Path] = append(queries, q), "1"
	}
	r := record(t, open(t, etcd.Config{Endpoints: []string{server.Addr}, Prefix: prefix}), queries...)
	r.until("all are answered", func() bool { return len(r.values) == len(queries) })
	before := r.count
	if err := w.transact(t.Context(), pairs); err != nil {
		t.Fatal(err)
	}
	r.value(queries[100], "1")
	if r.count != before+1 || !r.values[queries[0]].Exists || !r.is(queries[1], "1") {
		t.Errorf("the transaction came as %d updates", r.count-before)
	}
}

func TestSparseDirectoryIsNotReadWhole(t *testing.T) {
	server, prefix := testserver.Etcd(t), testserver.Prefix(t)
	w := writer{client: rawClient(t, server), prefix: prefix}
	for chunk := range 30 {
		pairs := make(map[string]string)
		for i := range 100 {
			pairs[fmt.Sprintf("big/%04d", chunk*100+i)] = "v"
		}
		if err := w.transact(t.Context(), pairs); err != nil {
			t.Fatal(err)
		}
	}
	low, high, all := key("big/0000"), key("big/2999"), tree("big/")
	r := record(t, open(t, etcd.Config{Endpoints: []string{server.Addr}, Prefix: prefix}), low, high)
	r.value(low, "v")
	if err := w.transact(t.Context(), map[string]string{"big/0000": "w", "big/2999": "w"}); err != nil {
		t.Fatal(err)
	}
	r.value(low, "w")
	if !r.is(high, "w") {
		t.Errorf("half of a transaction was published: %v", r.values)
	}
	r.want(low, high, all)
	r.until("the tree of several pages is answered", func() bool {
		pairs, _ := r.values[all].Data.(sources.Pairs)
		return len(pairs) == 3000
	})
}

// Each member dies once, the leader and the one the watch is on among them. An
// election may be a short outage, a change may not be lost.
func TestChangesArriveWhileMembersDie(t *testing.T) {
	t.Parallel()
	members := testserver.NewEtcdCluster(t, 3)
	cfg := etcd.Config{}
	for _, m := range members {
		cfg.Endpoints = append(cfg.Endpoints, m.Addr)
	}
	w := writer{client: rawClient(t, members...)}
	q, other := key("a/k"), key("b/k")
	r := record(t, open(t, cfg), q, other)
	for i, m := range members {
		m.Kill()
		putSometime(t, w, "a/k", fmt.Sprint(i))
		r.value(q, fmt.Sprint(i))
		m.Start()
	}
	if len(r.errs) > len(members) {
		t.Errorf("%d faults were reported as %d outages: %v", len(members), len(r.errs), r.errs)
	}
	before := len(r.errs)
	members[0].Kill()
	members[1].Kill()
	r.until("the lost quorum is said", func() bool { return len(r.errs) == before+1 })
	members[0].Start()
	putSometime(t, w, "a/k", "back")
	r.value(q, "back")
	if len(r.errs) > before+2 { // the return is an election too
		t.Errorf("one outage was reported %d times: %v", len(r.errs)-before, r.errs)
	}
}

func TestSilentServerIsNoticed(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{})
	w := writer{client: rawClient(t, server)}
	put(t, w, "a/k", "1")
	r := record(t, open(t, etcd.Config{Endpoints: []string{server.Addr}, DialTimeout: time.Second}), key("a/k"))
	r.value(key("a/k"), "1")
	server.Pause()
	r.until("the outage is said", func() bool { return len(r.errs) == 1 })
	server.Resume()
	put(t, w, "a/k", "2")
	r.value(key("a/k"), "2")
	if len(r.errs) != 1 {
		t.Errorf("one outage was reported %d times: %v", len(r.errs), r.errs)
	}
}

// History may be compacted while a watch is away; what happened then must
// arrive all the same.
func TestCompactionWhileAwayLosesNothing(t *testing.T) {
	t.Parallel()
	server := testserver.NewEtcd(t, testserver.EtcdOptions{})
	client := rawClient(t, server)
	w := writer{client: client}
	put(t, w, "a/k", "1")
	put(t, w, "b/k", "1")
	r := record(t, open(t, etcd.Config{Endpoints: []string{server.Addr}}), key("a/k"), key("b/k"))
	r.value(key("a/k"), "1")
	server.Stop()
	r.until("the outage is said", func() bool { return len(r.errs) == 1 })
	server.Start()
	var rev int64
	for i := range 50 {
		answer, err := client.Put(t.Context(), "a/k", fmt.Sprint("new", i))
		if err != nil {
			t.Fatal(err)
		}
		rev = answer.Header.Revision
	}
	if _, err := client.Delete(t.Context(), "b/k"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Compact(t.Context(), rev, clientv3.WithCompactPhysical()); err != nil {
		t.Fatal(err)
	}
	r.value(key("a/k"), "new49")
	r.until("the deletion arrived", func() bool { return !r.values[key("b/k")].Exists })
}

func TestOutageCostsNoCPU(t *testing.T) {
	r := record(t, open(t, etcd.Config{Endpoints: []string{"127.0.0.1:1"}}), key("a"))
	r.until("the outage is said", func() bool { return len(r.errs) == 1 })
	before := cpu(t)
	time.Sleep(2 * time.Second) // observed, not waited for
	if used := cpu(t) - before; used > 300*time.Millisecond {
		t.Errorf("two seconds of outage took %s of CPU", used)
	}
	if text := r.errs[0].Error(); !strings.Contains(text, "connection refused") || !strings.Contains(text, "sources.etcd.endpoints") {
		t.Errorf("the error neither says why nor what to do: %s", text)
	}
}

func cpu(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func TestBadConfigurationIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		cfg  etcd.Config
		want string
	}{
		"no endpoint":           {etcd.Config{}, "sources.etcd.endpoints"},
		"unknown scheme":        {etcd.Config{Endpoints: []string{"ftp://a:1"}}, "scheme"},
		"no port":               {etcd.Config{Endpoints: []string{"localhost"}}, "host:port"},
		"path":                  {etcd.Config{Endpoints: []string{"http://a:1/v2"}}, "host:port"},
		"user without password": {etcd.Config{Endpoints: []string{"a:1"}, Username: "u"}, "password_file"},
		"password without user": {etcd.Config{Endpoints: []string{"a:1"}, PasswordFile: "f"}, "username"},
		"negative timeout":      {etcd.Config{Endpoints: []string{"a:1"}, DialTimeout: -1}, "dial_timeout"},
		"missing CA":            {etcd.Config{Endpoints: []string{"a:1"}, TLS: sources.TLS{CAFile: "none.pem"}}, "sources.etcd.tls"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := etcd.New(c.cfg, slog.New(slog.DiscardHandler))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error is %v, want one with %q", err, c.want)
			}
		})
	}
}

func put(t *testing.T, w writer, key, value string) {
	t.Helper()
	if err := w.Put(t.Context(), key, value); err != nil {
		t.Fatal(err)
	}
}

// putSometime repeats a write that an election refuses.
func putSometime(t *testing.T, w writer, key, value string) {
	t.Helper()
	for end := time.Now().Add(40 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		err := w.Put(ctx, key, value)
		cancel()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
