package agent

import (
	"testing"
	"testing/synctest"
	"time"

	"concierge/internal/config"
)

func TestLoopThatDoesNotTurnIsStuckAfterHalfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v vitals
		if v.Live().OK {
			t.Error("a loop that never turned is live")
		}
		v.turn()
		time.Sleep(stuckAfter - time.Second)
		if !v.Live().OK {
			t.Error("a loop that turned half a minute ago is stuck")
		}
		time.Sleep(time.Second)
		if live := v.Live(); live.OK || live.Parts[0].Detail != "turned 30s ago" {
			t.Errorf("%+v", live)
		}
	})
}

func TestIdleLoopShowsThatItCouldTurn(t *testing.T) {
	inBubble(t, []config.Template{{Contents: `{{ key "a" }}`, Destination: "out"}}, func(b *bubble) {
		b.pass(10 * stuckAfter)
		if live := b.i.vitals.Live(); !live.OK {
			t.Errorf("an idle loop is stuck: %+v", live)
		}
	})
}

func TestReadinessTellsWhatIsMissing(t *testing.T) {
	var v vitals
	if v.Ready().OK {
		t.Error("it is ready before the loop has looked")
	}
	v.see(&sight{away: map[string]time.Time{"b": time.Now().Add(-time.Minute), "a": time.Now()}, staleness: time.Second})
	ready := v.Ready()
	if ready.OK || len(ready.Parts) != 2 || !ready.Parts[0].OK || ready.Parts[1].OK || ready.Parts[1].Detail != "away for 1m0s" {
		t.Errorf("%+v", ready)
	}
	v.see(&sight{away: map[string]time.Time{"b": time.Now().Add(-time.Hour)}})
	if !v.Ready().OK {
		t.Error("old data is not good enough, though nothing says so")
	}
}
