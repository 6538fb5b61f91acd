package pace_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"concierge/cluster/pace"
)

func TestPausesGrowToTheCapAndBeginAnew(t *testing.T) {
	p := pace.Pace{Base: time.Second, Cap: 15 * time.Second}
	longest := time.Duration(0)
	for i := range 2000 {
		d := p.Next()
		if bound := min(time.Second<<min(i, 10), 15*time.Second); d <= 0 || d > bound {
			t.Fatalf("pause %d is %s, at most %s was due", i, d, bound)
		}
		longest = max(longest, d)
	}
	if longest < 12*time.Second {
		t.Errorf("the longest of 2000 pauses is %s", longest)
	}
	p.Reset()
	if d := p.Next(); d > time.Second {
		t.Errorf("the first pause after a success is %s", d)
	}
}

func TestPauseEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := pace.Rest(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}
