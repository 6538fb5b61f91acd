package census_test

import (
	"context"
	"errors"
	"testing"

	"concierge/cluster"
	"concierge/cluster/census"
	"concierge/cluster/member"
	"concierge/cluster/memstore"
	"concierge/cluster/storetest/servers"
)

func TestCountsFollowTheFleetAndOutliveTheirLeader(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		all := []*node{start(t, names, "a"), start(t, names, "b"), start(t, names, "c")}
		for i, n := range all {
			n.announcer.Report(member.Status{Health: "healthy", Numbers: map[string]float64{"load": float64(i + 1)}, Releases: map[string]string{"s": "r1"}})
		}
		reader := names.Dial()
		counted(t, reader, promptly, "all are well", func(c census.Counts) bool {
			return c.Wanted == 3 && c.Running == 3 && c.Responding == 3 && c.Diverged == 0 && c.Numbers["load"] == census.Number{Sum: 6, Avg: 2, Min: 1, Max: 3, Of: 3}
		})
		_, err := census.SetWanted(t.Context(), reader, "web", census.Wanted{Count: 7, Author: "ann", Reason: "the sale"})
		must(t, err)
		counted(t, reader, promptly, "seven are wanted", func(c census.Counts) bool { return c.Wanted == 7 })

		first := leader(t, promptly, all...)
		first.kill()
		rest := others(all, first)
		counted(t, reader, names.Expiry(ttl)+promptly, "two are left", func(c census.Counts) bool { return c.Running == 2 && c.Responding == 2 && c.Wanted == 7 })
		eventually(t, ttl+promptly, "the new leader speaks for the old one", func() bool {
			words, err := member.ReadLastWords(t.Context(), reader, "web", first.id)
			must(t, err)
			return words != nil && words.Lost && words.Incarnation == first.announcer.Instance().Incarnation
		})
		samples(t, rest)
		leavesInOrder(t, reader, rest)
	})
}

// samples wants them of the leader, and of nobody else.
func samples(t *testing.T, all []*node) {
	t.Helper()
	first := leader(t, promptly, all...)
	values := make(map[string]float64)
	for _, s := range first.clerk.Samples() {
		values[s.Name+s.Of] = s.Value
	}
	if values["cluster.leader"] != 1 || values["cluster.running"] != 2 || values["cluster.wanted"] != 7 || values["cluster.avgload"] == 0 {
		t.Errorf("samples of the leader are %v", values)
	}
	for _, n := range others(all, first) {
		if s := n.clerk.Samples(); s != nil {
			t.Errorf("%s does not lead and has samples %v", n.id, s)
		}
	}
}

// leavesInOrder wants the own last words of who leaves to stay.
func leavesInOrder(t *testing.T, reader cluster.Store, all []*node) {
	t.Helper()
	last := all[0]
	last.announcer.LastWords(member.LastWords{ExitCode: 3})
	last.stop()
	counted(t, reader, promptly, "one is left", func(c census.Counts) bool { return c.Running == 1 })
	words, err := member.ReadLastWords(t.Context(), reader, "web", last.id)
	must(t, err)
	if words == nil || words.Lost || words.ExitCode != 3 {
		t.Errorf("last words are %+v", words)
	}
}

func TestCountsVanishWithTheFleet(t *testing.T) {
	servers.Each(t, func(t *testing.T, names servers.Namespace) {
		reader, one := names.Dial(), start(t, names, "a")
		counted(t, reader, promptly, "one is there", func(c census.Counts) bool { return c.Running == 1 && c.Responding == 0 })
		told := make(chan bool, 100)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go census.Watch(ctx, reader, "web", func(_ census.Counts, ok bool) { told <- ok })
		if ok := <-told; !ok {
			t.Error("the watch did not tell what was there")
		}
		one.stop()
		eventually(t, promptly, "the watch tells that they are gone", func() bool { return !<-told })
		if _, ok, err := census.ReadCounts(t.Context(), reader, "web"); ok || err != nil {
			t.Errorf("without a leader there are counts (%v)", err)
		}
	})
}

// meddler is a store in which somebody writes after each look.
type meddler struct {
	cluster.Store
	key string
}

func (m meddler) Read(ctx context.Context, prefix string) (cluster.View, error) {
	v, err := m.Store.Read(ctx, prefix)
	if err == nil {
		_, err = m.Commit(ctx, cluster.Txn{Then: []cluster.Write{{Key: m.key, Value: []byte(`{"count":9,"author":"bob"}`)}}})
	}
	return v, err
}

func TestSetWantedNeverOverwritesWhatWasNotSeen(t *testing.T) {
	s := memstore.New()
	say := census.Wanted{Count: 2, Author: "ann", Reason: "test"}
	if _, err := census.SetWanted(t.Context(), meddler{s, census.WantedKey("web")}, "web", say); !errors.Is(err, census.ErrChanged) {
		t.Errorf("error is %v", err)
	}
	before, err := census.SetWanted(t.Context(), s, "web", say)
	if err != nil || before.Count != 9 || before.Author != "bob" {
		t.Errorf("before was %+v, %v", before, err)
	}
	if now, ok, err := census.ReadWanted(t.Context(), s, "web"); err != nil || !ok || now.Count != 2 || now.Reason != "test" || now.When.IsZero() {
		t.Errorf("now it is %+v, %t, %v", now, ok, err)
	}
	if _, err := census.SetWanted(t.Context(), s, "web", census.Wanted{Count: 2, Author: "ann"}); err == nil {
		t.Error("no reason was needed")
	}
}
