package etcd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"concierge/internal/testserver"
	"concierge/sources"
)

func TestBarrierHoldsARevisionUntilAllWatchersArePastIt(t *testing.T) {
	b := newBarrier(2, 10)
	b.take(0, response(99, 11, 12)) // the header runs ahead of the events
	if got := b.release(); len(got) != 0 {
		t.Fatalf("released %v before the other watcher said anything", got)
	}
	b.take(1, response(11, 11))
	if got := b.release(); len(got) != 2 || got[1].Kv.ModRevision != 11 {
		t.Errorf("released %v, want both events of revision 11", got)
	}
	b.take(1, response(20))
	if got := b.release(); len(got) != 1 || got[0].Kv.ModRevision != 12 {
		t.Errorf("released %v, want the event of revision 12", got)
	}
	b.take(0, response(21, 21))
	if got := b.release(); len(got) != 0 || len(b.held) != 1 {
		t.Errorf("released %v", got)
	}
}

// response is what a watcher delivers: events of the revisions, or progress.
func response(header int64, revisions ...int64) clientv3.WatchResponse {
	r := clientv3.WatchResponse{Header: &etcdserverpb.ResponseHeader{Revision: header}}
	for _, rev := range revisions {
		r.Events = append(r.Events, &clientv3.Event{Kv: &mvccpb.KeyValue{Key: fmt.Append(nil, rev), ModRevision: rev}})
	}
	return r
}

func TestCompactedHistoryEndsTheWatch(t *testing.T) {
	server := testserver.NewEtcd(t, testserver.EtcdOptions{})
	s, err := New(Config{Endpoints: []string{server.Addr}}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	client, err := s.conn.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var rev int64
	for range 10 {
		answer, err := client.Put(t.Context(), "a", "v")
		if err != nil {
			t.Fatal(err)
		}
		rev = answer.Header.Revision
	}
	if _, err := client.Compact(t.Context(), rev); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	f := follower{client: client, spans: plan([]target{{path: "a"}, {path: "b"}}), rev: 1}
	f.apply = func(events []*clientv3.Event) { t.Errorf("events of a compacted history arrived: %v", events) }
	if err := f.follow(ctx, nil); !errors.Is(err, rpctypes.ErrCompacted) {
		t.Errorf("the watch ended with %v", err)
	}
}

func TestMirrorNeverChangesWhatWasPublished(t *testing.T) {
	tree := sources.Query{Kind: sources.Tree, Path: "a/"}
	one := sources.Query{Kind: sources.Key, Path: "a/1"}
	m := newMirror(realm{"", newIndex([]sources.Query{tree, one})}, sources.Pairs{{Path: "a/2", Value: "x"}, {Path: "a/1", Value: "x"}}, slog.New(slog.DiscardHandler))
	before := m.answer(tree)
	changed := m.apply([]*clientv3.Event{
		event("a/1", "y", 5), event("a/0", "new", 5), event("b/1", "foreign", 5), gone("a/2", 6),
	})
	want := sources.Pairs{{Path: "a/0", Value: "new", ModifyIndex: 5}, {Path: "a/1", Value: "y", ModifyIndex: 5}}
	if got := changed[tree]; !got.Equal(sources.Value{Exists: true, Data: want}) {
		t.Errorf("tree is %v, want %v", got, want)
	}
	if got := changed[one].Data.(sources.KeyPair); got.Value != "y" || len(changed) != 2 {
		t.Errorf("changed are %v", changed)
	}
	if old := before.Data.(sources.Pairs); len(old) != 2 || old[0].Value != "x" || old[1].Value != "x" {
		t.Errorf("the published answer became %v", old)
	}
}

func event(key, value string, rev int64) *clientv3.Event {
	return &clientv3.Event{Kv: &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), ModRevision: rev}}
}

func gone(key string, rev int64) *clientv3.Event {
	return &clientv3.Event{Type: clientv3.EventTypeDelete, Kv: &mvccpb.KeyValue{Key: []byte(key), ModRevision: rev}}
}

func TestLedgerPublishesNewsOnly(t *testing.T) {
	var published []sources.Update
	l := newLedger("etcd", func(u sources.Update) { published = append(published, u) })
	q := sources.Query{Kind: sources.Key, Path: "a"}
	v := map[sources.Query]sources.Value{q: {Exists: true, Data: sources.KeyPair{Path: "a", Value: "1"}}}
	refused := map[sources.Query]error{q: sources.ErrDenied}
	for _, step := range []struct {
		what string
		do   func()
		news int
	}{
		{"first answer", func() { l.answer(v, nil) }, 1},
		{"same answer", func() { l.answer(v, nil) }, 0},
		{"outage", func() { l.outage(errWatchEnded); l.outage(errWatchEnded) }, 1},
		{"end of the outage", func() { l.answer(v, nil) }, 1},
		{"refusal", func() { l.answer(nil, refused); l.answer(nil, refused) }, 1},
		{"same answer after a refusal", func() { l.answer(v, nil) }, 1},
		{"forgotten and wanted again", func() { l.keep(nil); l.answer(v, nil) }, 1},
		{"kept", func() { l.keep([]sources.Query{q}); l.answer(v, nil) }, 0},
	} {
		before := len(published)
		if step.do(); len(published)-before != step.news {
			t.Errorf("%s: %d updates, want %d", step.what, len(published)-before, step.news)
		}
	}
}
