package consul

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"concierge/sources"
)

func TestPollsThatLoseConsulTogetherComeBackTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, begin := newComeback(sources.Retry{}), time.Now()
		time.Sleep(time.Second)
		c.answered(begin)
		first := time.Now().Add(c.after(begin))
		time.Sleep(time.Microsecond)
		for range 20 {
			if at := time.Now().Add(c.after(begin)); at.Before(first) || at.Sub(first) > time.Microsecond {
				t.Errorf("another poll asks again %v after the first one", at.Sub(first))
			}
		}
	})
}

func TestWaitsGrowUntilConsulAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, since := newComeback(sources.Retry{}), time.Now()
		c.answered(since)
		time.Sleep(time.Minute)
		underWay := time.Now()
		time.Sleep(time.Millisecond)
		var sum time.Duration
		for range 30 {
			since = time.Now()
			d := c.after(since)
			sum += d
			time.Sleep(d + time.Millisecond)
			c.answered(underWay) // proves nothing
		}
		if sum < time.Minute {
			t.Errorf("30 waits took %v: they do not grow", sum)
		}
		c.answered(time.Now())
		if d := c.after(time.Now()); d > 4*time.Second {
			t.Errorf("the first wait of the next outage is %v, want four seconds at most", d)
		}
	})
}

func TestConsulThatNeverAnsweredIsNotLost(t *testing.T) {
	if d := newComeback(sources.Retry{}).after(time.Now()); d != 0 {
		t.Errorf("waits %v for the return of what was never there", d)
	}
}

func TestFirstHeldPollIsDrawnFromAllOfTheWait(t *testing.T) {
	var early, late int
	for range 1000 {
		switch d := hold(time.Minute, true); {
		case d < 10*time.Second || d > time.Minute:
			t.Fatalf("held for %v", d)
		case d < 35*time.Second:
			early++
		default:
			late++
		}
		if d := hold(time.Minute, false); d < 55*time.Second || d > time.Minute {
			t.Fatalf("held for %v, want 55 to 60 s", d)
		}
	}
	if early < 400 || late < 400 {
		t.Errorf("%d in the first half, %d in the second: not spread evenly", early, late)
	}
}

func TestConsulIsLookedForOnceForAllPolls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, asked := newComeback(sources.Retry{}), 0
		var says error
		ask := func(context.Context) error { asked++; return says }
		c.answered(time.Now())
		for round, want := range []error{errors.New("away"), errors.New("still away"), nil} {
			says = want
			since := time.Now()
			time.Sleep(time.Millisecond)
			for range 5 {
				time.Sleep(c.after(since))
			}
			time.Sleep(time.Millisecond)
			for range 5 {
				if err := c.check(t.Context(), ask); err != want {
					t.Errorf("round %d says %v, want %v", round, err, want)
				}
			}
			if asked != round+1 {
				t.Errorf("asked %d times in round %d", asked, round)
			}
		}
	})
}

func TestEndOfOnePollSaysNothingToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newComeback(sources.Retry{})
		c.answered(time.Now())
		time.Sleep(c.after(time.Now()) + time.Millisecond)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		ask := func(ctx context.Context) error { return ctx.Err() }
		if err := c.check(ended, ask); err == nil {
			t.Error("the end is not told")
		}
		if err := c.check(t.Context(), ask); err != nil {
			t.Errorf("another poll is told %v", err)
		}
	})
}
