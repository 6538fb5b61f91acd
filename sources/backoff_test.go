package sources_test

import (
	"slices"
	"testing"
	"time"

	"concierge/sources"
)

func TestDelaysDoubleUpToTheCap(t *testing.T) {
	b := sources.Backoff{Base: 100 * time.Millisecond, Cap: time.Second}
	for range 2 {
		for _, most := range []time.Duration{100, 200, 400, 800, 1000, 1000} {
			most *= time.Millisecond
			if d := b.Next(); d < most/2 || d > most {
				t.Errorf("waited %v, want %v to %v", d, most/2, most)
			}
		}
		b.Reset()
	}
}

func TestCapBelowTheBaseIsKept(t *testing.T) {
	for _, spread := range []bool{false, true} {
		b := sources.Backoff{Cap: 10 * time.Millisecond, Spread: spread}
		for range 100 {
			if d := b.Next(); d > b.Cap {
				t.Fatalf("spread %v: waited %v, want %v at most", spread, d, b.Cap)
			}
		}
	}
}

// TestFleetComesBackSpread lets instances lose their store at the same moment.
// Before, all thousand were back within two seconds.
func TestFleetComesBackSpread(t *testing.T) {
	const instances = 1000
	for away, late := range map[time.Duration]time.Duration{
		300 * time.Millisecond:  5 * time.Second,
		1100 * time.Millisecond: 7 * time.Second,
		3 * time.Second:         12 * time.Second,
		30 * time.Second:        31 * time.Second,
		time.Hour:               31 * time.Second,
	} {
		var back []time.Duration
		for range instances {
			b := sources.Backoff{Spread: true}
			var at time.Duration
			for at < away {
				at += b.Next()
			}
			back = append(back, at-away)
		}
		slices.Sort(back)
		if last := back[instances-1]; last > late {
			t.Errorf("%v away: the last one is back after %v, want %v at most", away, last, late)
		}
		if n := busiestSecond(back); n > instances*45/100 {
			t.Errorf("%v away: %d of %d come back within a second", away, n, instances)
		}
	}
}

// busiestSecond returns how many of the sorted times are in one second at most.
func busiestSecond(times []time.Duration) (most int) {
	begin := 0
	for i, t := range times {
		for times[begin] < t-time.Second {
			begin++
		}
		most = max(most, i-begin+1)
	}
	return most
}

func TestStoreThatIsThereAllTheTimeIsAskedSoon(t *testing.T) {
	var first []time.Duration
	for range 1000 {
		b := sources.Backoff{Spread: true}
		for range 3 {
			b.Next()
		}
		b.Reset()
		first = append(first, b.Next())
	}
	slices.Sort(first)
	if first[999] > 4*time.Second || first[500] > 700*time.Millisecond || first[500] < 300*time.Millisecond {
		t.Errorf("half ask after %v, the last one after %v; want half a second and four", first[500], first[999])
	}
}
