package consul_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/consul/api"

	"concierge/internal/testserver"
	"concierge/sources"
	"concierge/sources/consul"
)

func TestTransactionInOneTreeIsOneUpdate(t *testing.T) {
	t.Parallel()
	server, p := testserver.Consul(t), testserver.Prefix(t)
	s := open(t, consul.Config{Address: server.Addr})
	put(t, s, p+"k00", "0")
	f := follow(t, s, tree(p))
	f.await("first answer", func() bool { return f.values[tree(p)].Exists })
	for round := range 20 {
		transact(t, server, p, 50, fmt.Sprint("r", round))
	}
	last := func(kp sources.KeyPair) bool { return kp.Value == "r19" }
	f.await("the last transaction", func() bool {
		pairs, _ := f.values[tree(p)].Data.(sources.Pairs)
		return len(pairs) == 50 && last(pairs[0])
	})
	for _, u := range f.all() {
		pairs, ok := u.Values[tree(p)].Data.(sources.Pairs)
		if !ok || len(pairs) == 1 {
			continue
		}
		for _, kp := range pairs {
			if kp.Value != pairs[0].Value {
				t.Fatalf("%s has %q beside %q of %s", kp.Path, kp.Value, pairs[0].Value, pairs[0].Path)
			}
		}
	}
}

// transact sets n keys below p to the same value in one transaction.
func transact(t *testing.T, server *testserver.Server, p string, n int, value string) {
	t.Helper()
	client, err := api.NewClient(&api.Config{Address: server.Addr, Token: server.Token})
	if err != nil {
		t.Fatal(err)
	}
	var ops api.TxnOps
	for i := range n {
		ops = append(ops, &api.TxnOp{KV: &api.KVTxnOp{Verb: api.KVSet, Key: fmt.Sprintf("%sk%02d", p, i), Value: []byte(value)}})
	}
	if ok, _, _, err := client.Txn().Txn(ops, nil); err != nil || !ok {
		t.Fatalf("transaction: %v %v", ok, err)
	}
}

func TestThousandKeysAreFollowedByOnePoll(t *testing.T) {
	t.Parallel()
	server, p := testserver.Consul(t), testserver.Prefix(t)
	s := open(t, consul.Config{Address: server.Addr})
	const n = 1000
	queries := make([]sources.Query, n)
	for i := range queries {
		queries[i] = key(fmt.Sprintf("%sk%04d", p, i))
		if i%10 != 0 { // every tenth is absent
			put(t, s, queries[i].Path, "0")
		}
	}
	f := follow(t, s, queries...)
	f.await("all answers", func() bool { return len(f.values) == n })
	if got := len(f.all()); got != 1 {
		t.Errorf("the first answers came in %d updates, want 1", got)
	}
	put(t, s, queries[10].Path, "new")
	put(t, s, queries[11].Path, "changed")
	f.awaitValue(queries[10], "new")
	f.awaitValue(queries[11], "changed")
	if err := s.Delete(t.Context(), queries[12].Path); err != nil {
		t.Fatal(err)
	}
	f.awaitAbsent(queries[12])
	for _, u := range f.all()[1:] {
		if len(u.Values) > 2 {
			t.Errorf("an update of one key holds %d values", len(u.Values))
		}
	}
}

func TestFolderKeysAreKeys(t *testing.T) {
	t.Parallel()
	s, p := shared(t), testserver.Prefix(t)
	put(t, s, p+"folder/", "")
	put(t, s, p+"folder/a b%2F?#ü", "odd")
	f := follow(t, s, tree(p+"folder/"), key(p+"folder/"), key(p+"folder/a b%2F?#ü"))
	f.await("the folder", func() bool { return f.values[key(p+"folder/")].Exists })
	f.awaitValue(key(p+"folder/a b%2F?#ü"), "odd")
	pairs := f.value(tree(p + "folder/")).Data.(sources.Pairs)
	if len(pairs) != 2 || pairs[0].Path != p+"folder/" {
		t.Errorf("tree is %+v, want the folder key first", pairs)
	}
}

func TestChangeOfTheSetKeepsOtherAnswers(t *testing.T) {
	t.Parallel()
	s, p := shared(t), testserver.Prefix(t)
	put(t, s, p+"a", "1")
	put(t, s, p+"t/x", "1")
	f := follow(t, s, key(p+"a"))
	f.awaitValue(key(p+"a"), "1")

	f.want(key(p+"a"), tree(p+"t/"), key(p+"t/x"), key(p+"t/none"))
	f.awaitValue(key(p+"t/x"), "1")
	f.awaitAbsent(key(p + "t/none"))
	for _, u := range f.all()[1:] {
		if _, again := u.Values[key(p+"a")]; again {
			t.Error("an unchanged key was answered again")
		}
	}
	f.want(tree(p)) // absorbs the rest
	f.await("the tree", func() bool { return f.values[tree(p)].Exists })
	f.want()
	put(t, s, p+"a", "2")
	f.want(key(p + "a"))
	f.awaitValue(key(p+"a"), "2")
}

func TestStoppedServerIsOneOutageAndNoAbsence(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	s := open(t, consul.Config{Address: server.Addr})
	put(t, s, "app/a", "1")
	put(t, s, "other", "1")
	f := follow(t, s, key("app/a"), key("other"), key("absent"), tree("app/"))
	f.awaitValue(key("app/a"), "1")
	f.awaitValue(key("other"), "1")
	f.awaitAbsent(key("absent"))

	server.Stop()
	f.awaitAway()
	f.want(key("app/a"), key("other"), key("absent"), tree("app/"), key("late"))
	server.Start()
	f.awaitBack()
	f.awaitAbsent(key("late"))
	put(t, s, "app/a", "2")
	put(t, s, "other", "2")
	f.awaitValue(key("app/a"), "2")
	f.awaitValue(key("other"), "2")
	if n := f.errors(); n != 1 {
		t.Errorf("%d outages reported, want 1", n)
	}
	for _, u := range f.all() {
		for q, v := range u.Values {
			if !v.Exists && q != key("absent") && q != key("late") {
				t.Errorf("%s reported absent", q)
			}
		}
	}
}

func TestServerThatIsNotThereYet(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	server.Stop()
	s := open(t, consul.Config{Address: server.Addr})
	f := follow(t, s, key("a"), key("b"), tree("t/"))
	f.awaitAway()
	server.Start()
	f.await("all answers", func() bool { return len(f.values) == 3 })
	if n := f.errors(); n != 1 {
		t.Errorf("%d outages reported, want 1", n)
	}
	text := f.all()[0].Err.Error()
	if !strings.Contains(text, "sources.consul.address") {
		t.Errorf("error %q has no hint", text)
	}
}

func TestResetDataIsFollowed(t *testing.T) {
	t.Parallel()
	old := testserver.NewConsul(t, testserver.ConsulOptions{})
	relay := testserver.NewRelay(t, old.Addr)
	s := open(t, consul.Config{Address: relay.Addr()})
	for i := range 200 {
		put(t, s, "app/a", fmt.Sprint("old", i))
	}
	f := follow(t, s, key("app/a"), tree("app/"))
	f.awaitValue(key("app/a"), "old199")

	empty := testserver.NewConsul(t, testserver.ConsulOptions{})
	relay.MoveTo(empty.Addr)
	f.awaitAbsent(key("app/a"))
	put(t, s, "app/a", "new")
	f.awaitValue(key("app/a"), "new")
}

func TestSilentServerDoesNotStopTheSet(t *testing.T) {
	t.Parallel()
	server := testserver.NewConsul(t, testserver.ConsulOptions{})
	s := open(t, consul.Config{Address: server.Addr})
	put(t, s, "a", "1")
	f := follow(t, s, key("a"))
	f.awaitValue(key("a"), "1")
	server.Pause()
	f.want(key("a"), key("b"))
	f.want(key("b"))
	server.Resume()
	f.awaitAbsent(key("b"))
}

func TestQueriesForOtherStoresFail(t *testing.T) {
	t.Parallel()
	q := sources.Query{Source: "consul", Kind: sources.Secret, Path: "x"}
	f := follow(t, shared(t), q)
	if err := f.awaitFailed(q); err == nil {
		t.Error("no error")
	}
}

func TestUnknownDatacenterFailsWithoutHidingTheRest(t *testing.T) {
	t.Parallel()
	s, p := shared(t), testserver.Prefix(t)
	put(t, s, p+"a", "1")
	elsewhere := key(p + "a")
	elsewhere.Options = sources.Options{Datacenter: "nowhere"}.Handle()
	f := follow(t, s, key(p+"a"), elsewhere)
	f.awaitValue(key(p+"a"), "1")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for i := 0; ; i++ { // a change ends the outage that the unknown one began
		put(t, s, p+"a", fmt.Sprint(i))
		f.awaitValue(key(p+"a"), fmt.Sprint(i))
		f.mu.Lock()
		err := f.failed[elsewhere]
		f.mu.Unlock()
		if err != nil {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("the query of an unknown data centre never failed")
		}
	}
	if n := f.errors(); n > 1 {
		t.Errorf("%d outages reported, want at most 1", n)
	}
}

func TestNamespaceOnCommunityConsulIsRefusedWithItsReason(t *testing.T) {
	t.Parallel()
	q := key("a")
	q.Options = sources.Options{Namespace: "team"}.Handle()
	f := follow(t, shared(t), q)
	err := f.awaitFailed(q)
	if errors.Is(err, sources.ErrDenied) || !strings.Contains(err.Error(), "Enterprise") {
		t.Errorf("error is %q", err)
	}
}

func TestWatchEndsPromptlyAndPublishesNothingAfter(t *testing.T) {
	t.Parallel()
	p := testserver.Prefix(t)
	s, err := consul.New(consul.Config{Address: testserver.Consul(t).Addr}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	wanted := make(chan []sources.Query, 1)
	wanted <- []sources.Query{key(p + "a"), tree(p)}
	var once bool
	started := time.Now()
	s.Watch(ctx, wanted, func(sources.Update) {
		if once {
			t.Error("published after the end")
		}
		once = true
		started = time.Now()
		cancel()
	})
	if took := time.Since(started); took > time.Second {
		t.Errorf("Watch ended %v after its context", took)
	}
}
