package rollout

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"concierge/cluster"
	"concierge/cluster/memstore"
)

// ward is a rollout of four instances of which the first failed with the new release.
func ward(t *testing.T, sick ...int) (View, *memstore.State) {
	t.Helper()
	r := Record{}.succeed("A", Policy{})
	r.State = Complete
	r = r.succeed("B", Policy{})
	r.Slots, r.Cut = map[string]int{"": 1}, everybody
	s := new(memstore.State)
	s.Commit(View{Set: modelSet}.write(r, By{"test", "start"}, cluster.Txn{}))
	ack := Ack{Rollout: r.ID, Incarnation: "1", Release: "B", Running: "A", Result: Reverted, Fails: 1}
	s.Commit(cluster.Txn{Then: []cluster.Write{{Key: ackKey(modelSet, "i0"), Value: encode(ack)}}})
	return hospital(t, s, sick...), s
}

func hospital(t *testing.T, s *memstore.State, sick ...int) View {
	t.Helper()
	v, err := Parse(modelSet, s.Read(Prefix(modelSet)), s.Read(AckPrefix(modelSet)))
	if err != nil {
		t.Fatal(err)
	}
	var members []Member
	for i := range 4 {
		members = append(members, Member{ID: fmt.Sprint("i", i), Incarnation: "1", Running: "A", Sick: slices.Contains(sick, i)})
	}
	return v.With(members, time.Time{})
}

func decideOn(s *memstore.State, v View) {
	l := Lead{Who: "lead", Live: Live{Release: "B"}, Policy: Policy{MaxUnavailable: Amount{Count: 1}}}
	if d := Next(v, l, Memory{}, 0); d.Txn != nil {
		d.Txn.If = slices.DeleteFunc(d.Txn.If, func(c cluster.Condition) bool { return c.Key == "" })
		s.Commit(*d.Txn)
	}
}

func TestFailureWhileTheOthersAreIllTooPausesAndIsForgiven(t *testing.T) {
	v, s := ward(t, 1, 2)
	decideOn(s, v)
	if v = hospital(t, s, 1, 2); v.Record.State != Paused || v.Record.Cause != ByWorld {
		t.Fatalf("with two of three ill it is %s (%s): %s", v.Record.State, v.Record.Cause, v.Record.Reason)
	}
	decideOn(s, v)
	if v = hospital(t, s); v.Record.State != Paused {
		t.Fatalf("it moved while they are ill: %s", v.Record.State)
	}
	decideOn(s, v)
	if v = hospital(t, s); v.Record.State != Rolling || v.failures() != 0 || len(v.Record.Bad) != 0 {
		t.Errorf("with all of them well it is %s, with %d failures, and %v are refused", v.Record.State, v.failures(), v.Record.Bad)
	}
}

func TestFailureWhileOneOtherIsIllTurnsRound(t *testing.T) {
	v, s := ward(t, 1)
	decideOn(s, v)
	if v = hospital(t, s, 1); v.Record.State != RollingBack {
		t.Errorf("it is %s", v.Record.State)
	}
}

func TestLeaderDeletesReleasesThatNobodyCanBeToldToRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, 2, nil)
		defer b.stop()
		b.ready()
		for _, text := range []string{"B", "C"} {
			b.edit(text)
			b.until(5*time.Minute, func(v View) bool { return v.Good.Release == value(text).ID() })
		}
		time.Sleep(10 * time.Second)
		left, err := b.store.Read(t.Context(), releasePrefix(modelSet))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range left.Entries {
			if strings.Contains(e.Key, value("A").ID()) {
				t.Errorf("%s is left", e.Key)
			}
		}
		if _, err := Load(t.Context(), b.store, modelSet, value("B").ID()); err != nil {
			t.Errorf("the release to return to: %v", err)
		}
	})
}

func TestPruneOfADeposedLeaderDeletesNothing(t *testing.T) {
	store := memstore.New()
	v, s := ward(t)
	store.Restore(*s)
	id, err := Publish(t.Context(), store, modelSet, value("next"), "i1", 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := Prune(t.Context(), store, v, cluster.Condition{Key: leadKey, Version: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), store, modelSet, id); err != nil {
		t.Errorf("what the next leader published is gone: %v", err)
	}
}

func TestGraceIsNoShorterThanTheWindowOfHealth(t *testing.T) {
	for window, want := range map[time.Duration]time.Duration{0: DefaultGrace, time.Second: DefaultGrace, time.Minute: time.Minute} {
		if got := NewLeader(LeaderConfig{Window: window}).Policy.grace(); got != want {
			t.Errorf("with a window of %v the grace is %v, want %v", window, got, want)
		}
	}
}

// The search decodes each text once; what it sees is what everybody sees.
func TestModelReadsAsParseDoes(t *testing.T) {
	v, s := ward(t)
	got := newReader().view(s)
	if got.Version != v.Version || got.Record.ID != v.Record.ID || got.Acks["i0"] != v.Acks["i0"] || len(got.Slots) != len(v.Slots) {
		t.Errorf("the model sees %+v, and there is %+v", got, v)
	}
}
