package rollout

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
	"time"
)

// Amount is a number of instances: so many, or so many of a thousand.
type Amount struct {
	Count    int `json:"count,omitempty"`
	Permille int `json:"permille,omitempty"`
}

// down is the amount of n, rounded down, but never nobody.
func (a Amount) down(n int) int {
	if a.Permille > 0 {
		return max(1, n*a.Permille/1000)
	}
	return max(1, a.Count)
}

// up is the amount of n, rounded up, but never more than all.
func (a Amount) up(n int) int {
	if a.Permille > 0 {
		return min(n, (n*a.Permille+999)/1000)
	}
	return min(n, max(1, a.Count))
}

// Policy is how a set is rolled out. Its zero value is a canary of one, then
// all, one at a time, with a bake of 30 s and no failure tolerated.
type Policy struct {
	Stages         []Stage // before the last one, which is always all
	Bake           int     // seconds, of the last stage; default 30
	MaxUnavailable Amount  // in change at once, per failure domain; default 1
	Budget         int     // failures tolerated
	// Grace is how long a holder may be out of sight before its slot is taken;
	// default 15 s. It must not be shorter than the ttl of the sessions, nor than
	// the window of the health check (see LeaderConfig.Window).
	Grace time.Duration
	// Deadline is how long a change may take; default 2 min.
	Deadline time.Duration
}

// Defaults of a [Policy].
const (
	DefaultBake     = 30
	DefaultGrace    = 15 * time.Second
	DefaultDeadline = 2 * time.Minute
)

func (p Policy) stages() []Stage {
	bake := p.Bake
	if bake == 0 {
		bake = DefaultBake
	}
	stages := slices.Clone(p.Stages)
	if stages == nil {
		stages = []Stage{{Amount{Count: 1}, bake}}
	}
	return append(stages, Stage{Amount{Permille: 1000}, bake})
}

func (p Policy) grace() time.Duration { return cmp.Or(p.Grace, DefaultGrace) }

// salt needs no chance: it has to differ between rollouts, and be known to all.
func salt(id uint64, release string) string {
	return strconv.FormatUint(id, 10) + "/" + release
}

// position is where an instance stands in the order of a rollout. Everybody
// computes it for himself, so nobody has to be told that he is the canary.
func position(salt, id string) uint32 {
	sum := sha256.Sum256([]byte(salt + "\x00" + id))
	return binary.BigEndian.Uint32(sum[:])
}
