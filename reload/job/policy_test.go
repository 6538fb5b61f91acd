package job

import (
	"testing"
	"time"

	"concierge/reload/process"
)

func TestDelaysDoubleUpToTheLongestAndDifferByAFifth(t *testing.T) {
	p := Policy{Delay: time.Second, MaxDelay: time.Minute, Reset: time.Minute}
	var h history
	now, different := time.Now(), false
	for n, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60} {
		want *= time.Second
		delay, ok := h.next(p, now, 0)
		if !ok || delay > want || delay < want*8/10 {
			t.Errorf("restart %d: %s, %t; want up to a fifth less than %s", n, delay, ok, want)
		}
		different = different || delay != want
	}
	if !different {
		t.Error("no delay has a random part: a fleet would restart in step")
	}
}

func TestDelayBeginsAnewAfterARunThatLasted(t *testing.T) {
	p := Policy{Delay: time.Second, MaxDelay: time.Minute, Reset: 20 * time.Second}
	for _, c := range []struct {
		restarts int
		well     time.Duration
		anew     bool
	}{
		{3, 19 * time.Second, false}, // less than reset
		{3, 20 * time.Second, true},
		{6, 20 * time.Second, false}, // less than twice the last delay, 32 s
		{6, 64 * time.Second, true},
	} {
		var h history
		for range c.restarts {
			h.next(p, time.Now(), 0)
		}
		if delay, _ := h.next(p, time.Now(), c.well); (delay <= time.Second) != c.anew {
			t.Errorf("after %d restarts and %s: %s", c.restarts, c.well, delay)
		}
	}
}

func TestLimitCountsRestartsWithinTheWindow(t *testing.T) {
	p := Policy{Delay: time.Second, MaxDelay: time.Second, Limit: 3, Window: time.Minute, Reset: time.Nanosecond}
	var h history
	begun := time.Now()
	for n, c := range []struct {
		at   time.Duration
		want bool
	}{
		{0, true}, {20 * time.Second, true}, {40 * time.Second, true},
		{60 * time.Second, false}, // the first is still in the window
		{61 * time.Second, true},
		{79 * time.Second, false},
		{81 * time.Second, true},
	} {
		// A run that lasted resets the delay, not the count.
		if _, ok := h.next(p, begun.Add(c.at), time.Hour); ok != c.want {
			t.Errorf("restart %d at %s: %t", n, c.at, ok)
		}
	}
	p.Limit = 0
	for range 1000 {
		if _, ok := h.next(p, begun, 0); !ok {
			t.Fatal("no limit has a limit")
		}
	}
}

func TestPolicySaysWhatIsAFailure(t *testing.T) {
	fine, three, killed := process.Status{}, process.Status{Code: 3}, process.Status{Signal: 9}
	for _, c := range []struct {
		when                 When
		expected             []int
		status               process.Status
		ok, again, isRegular bool
	}{
		{Never, nil, fine, true, false, true},
		{Never, nil, three, false, false, false},
		{OnFailure, nil, fine, true, false, true},
		{OnFailure, nil, three, false, true, false},
		{OnFailure, []int{0, 3}, three, true, false, true},
		{OnFailure, []int{3}, fine, false, true, false},
		{OnFailure, []int{0, 137, 9}, killed, false, true, false},
		{Always, nil, fine, true, true, false},
	} {
		p := Policy{When: c.when, Expected: c.expected}
		if ok := p.ok(c.status); ok != c.ok || p.again(!ok) != c.again || p.Regular(c.status) != c.isRegular {
			t.Errorf("%+v after %v: ok %t, again %t, regular %t", p, c.status, ok, p.again(!ok), p.Regular(c.status))
		}
	}
}
