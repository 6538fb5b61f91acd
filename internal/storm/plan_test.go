package storm

import (
	"flag"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"
)

var (
	full   = flag.Bool("full", false, "take as many changes and kills as the figures stand for (make storm)")
	kills  = flag.Int("kills", 200, "kills of the full form, of each server that is a child")
	update = flag.Bool("update", false, "write the figures into docs/rollback.md (make storm)")
	seed   = flag.Uint64("seed", 0, "repeat a run with the seed that it printed; 0 takes a new one")
)

// plan is how much is done.
type plan struct {
	changes, refused, unhealthy int // changes in all, and those that are bad
	kills                       int // under the server that is a child
	outsideKills                int // beside a server that is not
	keepAlive, fresh            int // workers of the load, by how they connect
	pace                        time.Duration
	watch
}

// watch is how long a change is watched, and how many failures in a row are
// too many of them.
type watch struct {
	window   time.Duration
	failures int
}

// theSize is the plan of this run.
func theSize() plan {
	if *full {
		return plan{changes: 500, refused: 50, unhealthy: 50, kills: *kills, outsideKills: 60, keepAlive: 4, fresh: 4, pace: 5 * time.Millisecond, watch: watch{time.Second, 5}}
	}
	// Other tests keep the machine busy meanwhile, so a server has more time
	// before it counts as unhealthy.
	return plan{changes: 12, refused: 3, unhealthy: 3, kills: 5, outsideKills: 4, keepAlive: 2, fresh: 2, pace: 10 * time.Millisecond, watch: watch{2 * time.Second, 10}}
}

// newRandom returns a source of randomness that a failed run can be repeated
// with.
func newRandom(t *testing.T) *rand.Rand {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	return rand.New(rand.NewPCG(s, 0))
}

// installed returns the path of a server of the distribution.
func installed(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		t.Fatalf("%v (make packages installs it)", err)
	}
	return path
}

// longest is how long anything may take on a machine that is busy.
const longest = time.Minute

// until polls until ok, for at most as long as given, and reports whether it
// came to that.
func until(most time.Duration, ok func() bool) bool {
	for deadline := time.Now().Add(most); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return true
		}
	}
	return false
}
