package census_test

import (
	"math"
	"testing"
	"time"

	"concierge/cluster/census"
	"concierge/cluster/member"
)

// peer is an instance with a status; health "" is one that has not said a word.
func peer(id, health, release string, load float64) member.Peer {
	p := member.Peer{Instance: member.Instance{ID: id, Incarnation: id + "-1"}}
	if health != "" {
		p.Status = &member.Status{Health: health, Numbers: map[string]float64{"load": load}}
	}
	if release != "" {
		p.Status.Releases = map[string]string{"web": release}
	}
	return p
}

func TestCountsTellPresentFromWell(t *testing.T) {
	peers := []member.Peer{
		peer("a", "healthy", "r1", 2), peer("b", "healthy", "r1", 4), peer("c", "critical", "r2", 9), peer("d", "", "", 0),
	}
	got := census.Count(peers, 5, nil, []string{"load", "unheard"})
	want := census.Counts{Wanted: 5, Running: 4, Responding: 2, Diverged: 1, Numbers: map[string]census.Number{
		"load": {Sum: 15, Avg: 5, Min: 2, Max: 9, Of: 3},
	}}
	if !got.Equal(want) {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
}

func TestDivergenceIsMeasuredByTheTargetIfThereIsOne(t *testing.T) {
	peers := []member.Peer{peer("a", "healthy", "r1", 0), peer("b", "healthy", "r1", 0), peer("c", "healthy", "r2", 0), peer("d", "healthy", "", 0)}
	for _, c := range []struct {
		target map[string]string
		want   int
	}{
		{nil, 1},
		{map[string]string{"web": "r2"}, 2},
		{map[string]string{"web": "r3"}, 3},
		{map[string]string{"other": "r1"}, 3},
	} {
		if got := census.Count(peers, 0, c.target, nil).Diverged; got != c.want {
			t.Errorf("with target %v %d have diverged, want %d", c.target, got, c.want)
		}
	}
}

func TestNumberThatIsNoneIsLeftOut(t *testing.T) {
	for name, values := range map[string][]float64{
		"not a number": {math.NaN()}, "beyond all": {math.MaxFloat64, math.MaxFloat64}, "both ends": {math.Inf(1), math.Inf(-1)},
	} {
		var peers []member.Peer
		for _, v := range values {
			peers = append(peers, peer("a", "healthy", "", v))
		}
		if got := census.Count(peers, 0, nil, []string{"load"}).Numbers; len(got) != 0 {
			t.Errorf("%s: numbers are %v", name, got)
		}
	}
}

func TestConditionOnAnUnknownNumberDoesNotHold(t *testing.T) {
	counts := census.Counts{Running: 3, Responding: 2, Diverged: 1, Numbers: map[string]census.Number{"load": {Sum: 6, Avg: 3, Min: 1, Max: 4, Of: 2}}}
	for _, c := range []struct {
		number, of, test string
		limit            float64
		want             bool
	}{
		{"wanted", "", "<", 5, false}, // nobody said
		{"running", "", "==", 3, true},
		{"responding", "", "!=", 2, false},
		{"diverged", "", ">=", 1, true},
		{"sum", "load", ">", 5, true},
		{"avg", "load", "<=", 3, true},
		{"min", "load", "<", 1, false},
		{"max", "load", ">", 3, true},
		{"avg", "unheard", "<", 100, false},
		{"median", "load", "<", 100, false},
		{"running", "", "~", 3, false},
	} {
		if got := (census.Condition{Number: c.number, Of: c.of, Test: c.test, Limit: c.limit}).Holds(counts); got != c.want {
			t.Errorf("%s(%s) %s %g is %t", c.number, c.of, c.test, c.limit, got)
		}
	}
}

func TestStreakEndsWithAGapAndWithAFalseLook(t *testing.T) {
	look := func(s census.Streak, holds bool, at ...time.Duration) census.Streak {
		for _, now := range at {
			s = s.Next(holds, now*time.Second)
		}
		return s
	}
	s := look(census.Streak{}, true, 0, 5, 10)
	if !s.Lasted(10*time.Second) || s.Lasted(11*time.Second) {
		t.Errorf("after looks over 10 s the streak is %+v", s)
	}
	if s := look(s, true, 60); s.Lasted(time.Second) {
		t.Error("a streak went on over 50 s without a look")
	}
	if s := look(look(s, false, 11), true, 12, 13); s.Lasted(2 * time.Second) {
		t.Error("a streak went on over a look that was false")
	}
}

func TestDesiredStaysWithinBoundsAndNeverGoesTheOtherWay(t *testing.T) {
	for _, c := range []struct {
		rule          census.Rule
		current, want int
		ok            bool
	}{
		{census.Rule{}, 3, 4, true},
		{census.Rule{Step: 2, Max: 4}, 3, 4, true},
		{census.Rule{Max: 3}, 3, 3, false},
		{census.Rule{Max: 3}, 5, 3, false},
		{census.Rule{Min: 2}, 0, 2, true},
		{census.Rule{Down: true, Min: 1}, 3, 2, true},
		{census.Rule{Down: true, Min: 1}, 1, 1, false},
		{census.Rule{Down: true, Min: 4}, 3, 4, false},
		{census.Rule{Down: true, Step: 9}, 3, 0, true},
	} {
		if got, ok := c.rule.Desired(c.current); got != c.want || ok != c.ok {
			t.Errorf("%+v of %d is %d, %t; want %d, %t", c.rule, c.current, got, ok, c.want, c.ok)
		}
	}
}
