package rollouts

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	full   = flag.Bool("full", false, "as many instances and runs as the figures stand for (make rollouts)")
	runs   = flag.Int("runs", 200, "runs with faults of the full form")
	update = flag.Bool("update", false, "write the figures into docs/rollouts.md (make rollouts)")
	seed   = flag.Uint64("seed", 0, "first seed of the runs with faults, to repeat one; 0 takes a new one")
	only   = flag.String("store", "", "etcd or consul: leave the other one out of the runs with faults")
)

// plan is how a fleet is rolled out, and how large it is.
type plan struct {
	instances   int
	unavailable int // at once, at most
	bake        time.Duration
	window      time.Duration // in which a change is watched
	ttl         time.Duration
	deadline    time.Duration
	relays      bool // each instance reaches the store by itself, and can be cut off
}

// grace is what the leader leaves to a holder that is out of sight; it is not
// a setting, but follows from the others (docs/rollouts.md).
func (p plan) grace() time.Duration { return max(15*time.Second, p.ttl, 2*p.window) }

// largePlan is a fleet without faults.
func largePlan() plan {
	p := plan{instances: 8, unavailable: 3, bake: 3 * time.Second, window: time.Second, ttl: 15 * time.Second, deadline: time.Minute}
	if *full {
		p.instances, p.unavailable, p.bake = 50, 5, 10*time.Second
	}
	return p
}

// faultPlan is a fleet that much happens to.
func faultPlan(random *rand.Rand) plan {
	p := plan{instances: 8, unavailable: 3, bake: 2 * time.Second, window: time.Second, ttl: 10 * time.Second, deadline: 20 * time.Second, relays: true}
	if *full {
		p.instances += random.IntN(5)
	}
	return p
}

// firstSeed is that of the runs with faults.
func firstSeed(t *testing.T) uint64 {
	t.Helper()
	if *seed != 0 {
		return *seed
	}
	s := rand.Uint64N(1e9)
	t.Logf("-seed %d", s)
	return s
}

// longest is how long anything may take that has no time of its own, on a
// machine that is busy.
const longest = time.Minute

// until polls until ok, for at most as long as given, and reports whether it
// came to that.
func until(most time.Duration, ok func() bool) bool {
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}
