package census

import (
	"slices"
	"testing"
	"time"

	"concierge/cluster/member"
)

func lives(all ...string) (peers []member.Peer) {
	for _, life := range all {
		peers = append(peers, member.Peer{Instance: member.Instance{ID: life[:1], Incarnation: life}})
	}
	return peers
}

func TestOnlyWhoStaysAwayIsMissed(t *testing.T) {
	begin := time.Now()
	at := func(seconds int) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	r := newRoll()
	r.see(lives("a1", "b1", "c1"), at(0))
	r.see(lives("c1"), at(1))       // a and b go
	r.see(lives("a1", "c1"), at(5)) // a had lost its session only
	r.see(lives("a1", "c2"), at(6)) // c begins anew
	r.see(lives("a1", "c2"), at(9)) // a change of something else
	missing := func(now time.Time) (all []string) {
		for _, d := range r.missing(now, 10*time.Second) {
			all = append(all, d.peer.Incarnation)
		}
		return all
	}
	for seconds, want := range map[int][]string{11: nil, 12: {"b1"}, 17: {"b1", "c1"}, 603: {"c1"}, 700: nil} {
		if got := missing(at(seconds)); !slices.Equal(got, want) {
			t.Errorf("after %d s %v are missed, want %v", seconds, got, want)
		}
	}
	r.settle("b1")
	if got := missing(at(17)); !slices.Equal(got, []string{"c1"}) {
		t.Errorf("after all is said of b, %v are missed", got)
	}
}
