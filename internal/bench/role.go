package bench

import (
	"fmt"
	"io"
	"os"
)

// roleVariable tells the test binary that it plays a part of its own in the
// measurement instead of running tests.
const roleVariable = "CONCIERGE_BENCH_ROLE"

// The roles. Arguments are those of the process.
const (
	timerRole    = "timer"    // runs a command and says what it spent
	countingRole = "counting" // as the timer, and counts descriptors as well
	childRole    = "child"    // notes the time of each SIGHUP
	bareRole     = "bare"     // writes the value of one key at each change
)

// playRole plays the part that the environment names, if any, and returns the
// exit status.
func playRole(args []string, out, errs io.Writer) (status int, played bool) {
	var err error
	switch role := os.Getenv(roleVariable); role {
	case "":
		return 0, false
	case timerRole, countingRole:
		err = runTimer(args, role == countingRole, out, errs)
	case childRole:
		err = runChild(args[0])
	case bareRole:
		err = runBare(args[0], args[1], args[2], args[3])
	default:
		err = fmt.Errorf("there is no role %q", role)
	}
	if err != nil {
		_, _ = fmt.Fprintln(errs, err)
		return 1, true
	}
	return 0, true
}

// inRole is the environment of the test binary in a role. A race detector
// would let it linger for a second at its end.
func inRole(role string) []string {
	return []string{roleVariable + "=" + role, "GORACE=atexit_sleep_ms=0"}
}

// environment keeps the settings of a developer's shell (CONSUL_…, ETCD_…)
// from the programs under measurement.
func environment(more ...string) []string {
	return append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.TempDir(), "TMPDIR=" + os.TempDir()}, more...)
}
