package rollout

import "time"

// Slot is the right to change: who has it may be unavailable for a while. It is
// not bound to a session: it stays when its holder dies, because then the
// change is not over but broken, and somebody has to say so.
type Slot struct {
	Holder      string    `json:"holder"`
	Incarnation string    `json:"incarnation"`
	Rollout     uint64    `json:"rollout"`
	Stage       int       `json:"stage"`
	Release     string    `json:"release"`
	Trial       bool      `json:"trial"` // to the release that is being tried: a failure counts
	Since       time.Time `json:"since,omitzero"`
	Deadline    int       `json:"deadline_seconds"`
}

// Result is how a change ended.
type Result string

// The results of a change.
const (
	Applied   Result = "applied"   // it runs and is healthy
	Reverted  Result = "reverted"  // it did not come up; the former release runs again
	Broken    Result = "broken"    // neither of the two comes up
	Unhealthy Result = "unhealthy" // it was healthy, and no longer is
	Lost      Result = "lost"      // the holder died, or did not come back in time
	Left      Result = "left"      // the instance was stopped by its owner
	Skipped   Result = "skipped"   // nothing was changed; it is not recorded
)

// Failing says whether the result counts against the release.
func (r Result) Failing() bool {
	return r == Reverted || r == Broken || r == Unhealthy || r == Lost
}

// Ack is the newest that is known of how an instance fared.
type Ack struct {
	Rollout     uint64 `json:"rollout"`
	Stage       int    `json:"stage"`
	Incarnation string `json:"incarnation"`
	Release     string `json:"release"`           // that was to be applied
	Running     string `json:"running,omitempty"` // since then; empty if not known
	Result      Result `json:"result"`
	// Fails is how often this instance, in all its lives, failed with the
	// release of this rollout. The leader adds them up, so no failure is
	// counted twice and none is forgotten when an instance tries again.
	Fails    int     `json:"fails,omitempty"`
	Evidence string  `json:"evidence,omitempty"` // for people; without secrets
	Seconds  float64 `json:"seconds,omitempty"`  // the change took
}

// Verdict is what an instance says of its own change.
type Verdict struct {
	Result   Result
	Running  string // the release that runs now
	Evidence string // one line, without secrets
	Took     time.Duration
}

// Hold is a freeze, of a set or of one instance of it.
type Hold struct {
	By    string    `json:"by"`
	Why   string    `json:"why"`
	Until time.Time `json:"until,omitzero"` // the leader lifts it then; zero for as long as it stands
}

// Good is the last release that the whole fleet ran in health.
type Good struct {
	Release string `json:"release"`
	Epoch   uint64 `json:"epoch"`
}

// Event is an entry of the audit trail; each write of the record leaves one.
type Event struct {
	Rollout uint64    `json:"rollout"`
	Epoch   uint64    `json:"epoch"`
	From    string    `json:"from,omitempty"`
	To      string    `json:"to"`
	State   State     `json:"state"`
	Stage   int       `json:"stage"`
	By      string    `json:"by"`
	Why     string    `json:"why"`
	At      time.Time `json:"at,omitzero"`
	// Failures are those of the rollout so far, where it turns or ends: names and
	// kinds alone, at most [FailuresKept] of them.
	Failures []Failure `json:"failures,omitempty"`
}

// FailuresKept is how many failures an [Event] names.
const FailuresKept = 10

// Failure is an instance that failed with the release of a rollout.
type Failure struct {
	Instance string `json:"instance"`
	Result   Result `json:"result"`
}

// String is the failure in words.
func (f Failure) String() string { return f.Instance + " (" + string(f.Result) + ")" }

// Trouble is why the leader cannot begin the rollout of what it reads: the
// release is larger than what is stored.
type Trouble struct {
	Release string    `json:"release"`
	Bytes   int       `json:"bytes"`
	Limit   int       `json:"limit"`
	By      string    `json:"by"` // the leader
	Since   time.Time `json:"since,omitzero"`
}

// By is who decides, and why. Both are shown to people and kept.
type By struct{ Who, Why string }
