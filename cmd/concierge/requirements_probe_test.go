package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// probeRequirements are those about health.
func probeRequirements() []requirement {
	type parts = map[string]func(*testing.T, []string)
	return []requirement{
		{
			name: "15_health_probe",
			asks: "exec, HTTP, TCP, gRPC; grace, interval, timeout, thresholds; a probe is killed with its group, never overlaps, and has a random phase",
			does: "`health` and `readiness` with exactly these settings; zero is refused",
			parts: parts{
				"Kinds": everyKindOfProbe, "Grace": graceEndsWithTheFirstSuccess, "Failures": failuresInARowCount, "Successes": successesInARowCount,
				"Timeout": aProbeIsKilledWithItsGroup, "Overlap": probesDoNotOverlap, "Jitter": probesAreJittered,
			},
		},
		{
			name:  "16_probe_effect",
			asks:  "liveness restarts, readiness is only told",
			does:  "`health` restarts; `readiness` is in the status and moves nobody",
			parts: parts{"Readiness": readinessIsOnlyTold, "Liveness": livenessRestarts},
		},
		{
			name:  "17_hung_probe",
			asks:  "a probe that hangs does not freeze the supervisor",
			does:  "changes, signals, the control socket and the end go on; the probe has failed at its timeout",
			parts: parts{"Jobs": hungProbesOfJobs, "Process": aHungProbeOfTheProcess, "RollBack": aHungProbeIsRolledBack},
		},
	}
}

const idle = `[sh, -c, 'while :; do sleep 0.02; done']`

// remove removes a file of the container.
func (c *container) remove(name string) {
	c.t.Helper()
	if err := os.Remove(filepath.Join(c.dir, name)); err != nil {
		c.t.Fatal(err)
	}
}

func everyKindOfProbe(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sleep, '300']}
jobs:
  http: {command: [`+program(t, "server")+`], readiness: {http: 'unix:$DIR/http.sock:/live', interval: 50ms, failures: 1}}
  tcp: {command: [sleep, '300'], readiness: {tcp: 'unix:$DIR/silent.sock', interval: 50ms, failures: 1}}
  grpc: {command: [sleep, '300'], readiness: {grpc: 'unix:$DIR/grpc.sock', interval: 50ms, failures: 1}}
  exec: {command: [sleep, '300'], readiness: {command: [sh, -c, '[ ! -e sick ]'], interval: 50ms, failures: 1}}
`)
	names := []string{"http", "tcp", "grpc", "exec"}
	for _, name := range names {
		box.untilJob(name, "healthy")
	}
	box.write("sick", "")
	for _, name := range []string{"http", "grpc", "exec"} {
		if j := box.untilJob(name, "unhealthy"); j.Error == "" || j.Ready {
			t.Errorf("%s: %+v", name, j)
		}
	}
	if j := box.job("tcp"); j.State != "healthy" { // whose server accepts connections
		t.Errorf("tcp: %+v", j)
	}
	box.remove("sick")
	for _, name := range names {
		if j := box.untilJob(name, "healthy"); j.Restarts != 0 {
			t.Errorf("%s was restarted", name)
		}
	}
}

// graceEndsWithTheFirstSuccess has two jobs that are not well at first: one is
// given time, the other is not.
func graceEndsWithTheFirstSuccess(t *testing.T, run []string) {
	const check = `command: [sh, -c, 'echo >> probes; [ -e warm ]'], interval: 50ms, failures: 1`
	box := configured(t, run, `
process: {command: [sleep, '300']}
jobs:
  warming: {command: `+idle+`, health: {`+check+`, grace: 1h}, restart: {delay: 10ms}}
  impatient: {command: `+idle+`, health: {command: [test, -e, warm], interval: 50ms, failures: 1, grace: 1ms}, restart: {delay: 10ms, limit: unlimited}}
`)
	until(t, "ten probes", func() bool { return len(box.read("probes")) >= 10 })
	until(t, "the impatient one is restarted", func() bool { return box.job("impatient").Restarts > 0 })
	if j := box.job("warming"); j.State != "starting" || j.Restarts != 0 {
		t.Errorf("it is %+v", j)
	}
	box.write("warm", "")
	box.untilJob("warming", "healthy")
	box.remove("warm")
	until(t, "it is restarted", func() bool { return box.job("warming").Restarts == 1 })
	box.untilJob("warming", "starting") // its grace has begun anew
}

// failuresInARowCount has a probe that fails at most twice in a row until its
// tenth run. The job says when it is told to stop.
func failuresInARowCount(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sleep, '300']}
jobs:
  job:
    command: [sh, -c, 'trap "wc -l < probes >> stopped; exit" TERM; while :; do sleep 0.02; done']
    health: {command: [sh, -c, 'echo >> probes; case $(wc -l < probes) in 2|3|5|6|8|9|10) exit 1; esac'], interval: 50ms, failures: 3, timeout: 1m}
    restart: {delay: 10ms}
`)
	until(t, "the job was told to stop", func() bool { return strings.HasSuffix(box.read("stopped"), "\n") })
	if got := box.read("stopped"); got != "10\n" {
		t.Errorf("it was restarted after probe %s", got)
	}
}

// successesInARowCount has a probe that succeeds twice in a row in its sixth
// and seventh run.
func successesInARowCount(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sleep, '300']}
jobs:
  job: {command: `+idle+`, readiness: {command: [sh, -c, 'echo >> probes; case $(sed -n "$=" probes) in 1|3|5) exit 1; esac'], interval: 50ms, failures: 1, successes: 2}}
  next: {type: once, command: [sh, -c, 'sed -n "$=" probes > count'], depends_on: {job: healthy}}
`)
	box.untilJob("next", "completed")
	if n, err := strconv.Atoi(strings.TrimSpace(box.read("count"))); err != nil || n < 7 {
		t.Errorf("ready after %d probes (%v)", n, err)
	}
}

// aProbeIsKilledWithItsGroup has a probe that hangs with a child until there is
// a file.
func aProbeIsKilledWithItsGroup(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sleep, '300']}
jobs:
  job:
    command: `+idle+`
    health: {command: [sh, -c, '[ ! -e good ] || exit 0; sh -c "echo >> children; while :; do sleep 1; done" sh $DIR/leftover & wait'], timeout: 500ms, interval: 50ms, grace: 1h}
`)
	leftover := filepath.Join(box.dir, "leftover")
	for n := range 3 {
		until(t, "another child", func() bool { return len(box.read("children")) > n })
		if n := processes(leftover); n > 1 {
			t.Errorf("%d children of probes run", n)
		}
	}
	box.write("good", "")
	box.untilJob("job", "healthy")
	until(t, "nothing is left", func() bool { return processes(leftover) == 0 })
}

func probesDoNotOverlap(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sleep, '300']}
jobs:
  job: {command: `+idle+`, health: {command: [sh, -c, 'mkdir lock || echo >> overlaps; sleep 0.2; rmdir lock; echo >> probes'], interval: 50ms}}
`)
	until(t, "five probes", func() bool { return len(box.read("probes")) >= 5 })
	if n := len(box.read("overlaps")); n > 0 {
		t.Errorf("%d overlaps", n)
	}
}

// probesAreJittered looks at when four jobs that were started together are
// probed: neither the first time nor the distance is the same.
func probesAreJittered(t *testing.T, run []string) {
	var jobs strings.Builder
	for n := range 4 {
		fmt.Fprintf(&jobs, "  j%d: {command: [sleep, '300'], health: {command: [sh, -c, 'date +%%s%%N >> times%d'], interval: 500ms}}\n", n, n)
	}
	box := configured(t, run, "process: {command: [sleep, '300']}\njobs:\n"+jobs.String())
	var firsts, distances []time.Duration
	for n := range 4 {
		name := fmt.Sprint("times", n)
		until(t, "five probes", func() bool { return strings.Count(box.read(name), "\n") >= 5 })
		var last time.Duration
		for i, line := range strings.Fields(box.read(name)) {
			at, err := strconv.Atoi(line)
			if err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				firsts = append(firsts, time.Duration(at))
			} else {
				distances = append(distances, time.Duration(at)-last)
			}
			last = time.Duration(at)
		}
	}
	for what, all := range map[string][]time.Duration{"first probes": firsts, "distances": distances} {
		if spread := slices.Max(all) - slices.Min(all); spread < 20*time.Millisecond {
			t.Errorf("the %s lie within %s: %v", what, spread, all)
		}
	}
	var all time.Duration
	for _, d := range distances {
		all += d
	}
	if mean := all / time.Duration(len(distances)); mean < 440*time.Millisecond {
		t.Errorf("a mean distance of %s, which is much less than 500ms", mean)
	}
}

// healthy starts a server with both checks as the process.
func healthy(t *testing.T, run []string) *container {
	t.Helper()
	box := configured(t, run, `
process:
  command: [`+program(t, "server")+`]
  health: {http: 'unix:$DIR/http.sock:/live', interval: 50ms, failures: 2}
  readiness: {http: 'unix:$DIR/http.sock:/ready', interval: 50ms, failures: 1}
  restart: {delay: 10ms, limit: unlimited}
`)
	box.untilJob("process", "healthy")
	return box
}

func readinessIsOnlyTold(t *testing.T, run []string) {
	box := healthy(t, run)
	before := box.job("process")
	for range 3 {
		box.write("away", "")
		box.untilReady(false)
		box.remove("away")
		box.untilReady(true)
	}
	if j := box.job("process"); j.PID != before.PID || j.Restarts != 0 {
		t.Errorf("it is %+v, and was %+v", j, before)
	}
}

// untilReady waits until the status says so.
func (c *container) untilReady(want bool) {
	c.t.Helper()
	until(c.t, fmt.Sprint("ready is ", want), func() bool {
		s, err := c.client().Status(c.t.Context())
		return err == nil && s.Ready == want
	})
}

func livenessRestarts(t *testing.T, run []string) {
	box := healthy(t, run)
	pid := box.job("process").PID
	box.write("sick", "")
	until(t, "the process is another one", func() bool { j := box.job("process"); return j.Restarts > 0 && j.PID != 0 && j.PID != pid })
	if box.read("stopped") != "TERM\n" {
		t.Error("it was not asked to stop")
	}
	box.remove("sick")
	box.untilReady(true)
	if status := box.stop(); status != 0 {
		t.Errorf("status %d", status)
	}
}
