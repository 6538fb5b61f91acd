package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/exit"
)

// orderRequirements are those about the start.
func orderRequirements() []requirement {
	type parts = map[string]func(*testing.T, []string)
	return []requirement{{
		name:  "11_start_order",
		asks:  "wait for what is needed to be healthy, also several, for a bounded time",
		does:  "`depends_on` with started, healthy and completed, all of them (there is no OR: a job can run a command that waits for either); `start_timeout`",
		parts: parts{"All": allNeedsAreWaitedFor, "Timeout": waitingForNeedsIsBounded, "Process": theProcessWaitsForSoLong, "Idle": waitingCostsNothing, "Failed": aFailedPreparationEndsTheStart},
	}}
}

// allNeedsAreWaitedFor lets the needs of a process come one after the other.
func allNeedsAreWaitedFor(t *testing.T, run []string) {
	const idle = "[sh, -c, 'while :; do sleep 0.02; done']"
	box := configured(t, run, `
process: {command: [sh, -c, 'echo process >> begun; while :; do sleep 0.02; done'], depends_on: {database: healthy, cache: healthy, migration: completed, queue: started}}
jobs:
  database: {command: `+idle+`, health: {command: [test, -e, database], interval: 50ms}}
  cache: {command: `+idle+`, readiness: {command: [test, -e, cache], interval: 50ms}}
  migration: {type: once, command: [sh, -c, 'while [ ! -e migrated ]; do sleep 0.02; done'], depends_on: {database: healthy}}
  queue: {command: `+idle+`}
`)
	waits := func(want string) {
		t.Helper()
		until(t, "the process waits for "+want, func() bool {
			var got []string
			for _, text := range box.job("process").WaitsFor {
				got = append(got, strings.Fields(text)[0])
			}
			slices.Sort(got)
			return strings.Join(got, " ") == want
		})
		if box.read("begun") != "" {
			t.Error("the process runs without " + want)
		}
	}
	waits("cache database migration")
	box.write("cache", "")
	waits("database migration")
	if j := box.job("migration"); j.State != "waiting" || len(j.WaitsFor) != 1 {
		t.Errorf("the migration is %s, and waits for %v", j.State, j.WaitsFor)
	}
	box.write("database", "")
	waits("migration")
	box.write("migrated", "")
	box.untilFile("begun", "process\n")
}

func waitingForNeedsIsBounded(t *testing.T, run []string) {
	for _, giveUp := range []string{"park", "end"} {
		box := configured(t, run, `
process: {command: [sh, -c, 'while :; do sleep 0.02; done']}
jobs:
  never: {command: [sh, -c, 'while :; do sleep 0.02; done'], health: {command: ['false'], interval: 50ms, grace: 1h}}
  waiting: {command: [sh, -c, 'echo > begun'], depends_on: {never: healthy}, start_timeout: 300ms, restart: {give_up: `+giveUp+`}}
`)
		want := 1
		if giveUp == "park" {
			want = 143
			box.untilJob("waiting", "gave_up")
			box.untilJob("process", "running")
			box.signal(syscall.SIGTERM)
		}
		if status := box.wait(); status != want || box.read("begun") != "" {
			t.Errorf("%s: status %d, want %d; begun %q", giveUp, status, want, box.read("begun"))
		}
	}
}

func theProcessWaitsForSoLong(t *testing.T, run []string) {
	for giveUp, want := range map[string]int{"end": exit.Failed, "park": exit.Interrupted} {
		box := configured(t, run, `
process: {command: [sh, -c, 'echo > begun'], depends_on: {never: healthy}, start_timeout: 300ms, restart: {give_up: `+giveUp+`}}
jobs: {never: {command: [sleep, '300'], health: {command: [test, -e, good], interval: 50ms, grace: 1h}}}
`)
		if giveUp == "park" {
			box.until("is given up (see process.start_timeout)")
			box.write("good", "")
			box.untilJob("never", "healthy")
			box.signal(syscall.SIGTERM)
		}
		if status := box.wait(); status != want || box.read("begun") != "" {
			t.Errorf("%s: status %d, want %d; begun %q", giveUp, status, want, box.read("begun"))
		}
	}
}

// waitingCostsNothing: everything that the process needs is there, but a
// variable is not.
func waitingCostsNothing(t *testing.T, run []string) {
	box := configured(t, run, `
sources: {file: {path: kv.yaml}}
env: [{name: A, value: '{{ key "a" }}'}]
process: {command: [sh, -c, 'echo > begun'], depends_on: {helper: started}}
jobs: {helper: {command: [sleep, '300']}}
`)
	box.untilJob("helper", "running")
	before := box.processorTime()
	time.Sleep(500 * time.Millisecond) // what is measured
	if used := box.processorTime() - before; used > 100*time.Millisecond {
		t.Errorf("%s of processor time in half a second", used)
	}
	box.write("kv.yaml", "a: b")
	if status := box.wait(); status != 0 || box.read("begun") == "" {
		t.Errorf("status %d, begun %q", status, box.read("begun"))
	}
}

// processorTime is what PID 1 has used so far.
func (c *container) processorTime() time.Duration {
	c.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", c.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(b), ") ")
	fields := strings.Fields(rest)
	if err != nil || len(fields) < 13 {
		c.t.Fatalf("no processor time: %v, %q", err, b)
	}
	const tick = 10 * time.Millisecond // USER_HZ is 100; see proc(5)
	user, err := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err := errors.Join(err, err2); err != nil {
		c.t.Fatal(err)
	}
	return time.Duration(user+system) * tick
}

// aFailedPreparationEndsTheStart: a process whose preparation fails is not
// started at all.
func aFailedPreparationEndsTheStart(t *testing.T, run []string) {
	for _, n := range []int{1, 9} {
		box := configured(t, run, fmt.Sprintf(`
process: {command: [sh, -c, 'echo > begun']}
jobs: {prepare: {hook: before_start, type: once, command: [sh, -c, 'exit %d']}}
`, n))
		if status := box.wait(); status != n || box.read("begun") != "" {
			t.Errorf("status %d, want %d; begun %q", status, n, box.read("begun"))
		}
	}
}
