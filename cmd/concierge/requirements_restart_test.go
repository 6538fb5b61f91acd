package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// restartRequirements are those about programs that end.
func restartRequirements() []requirement {
	type parts = map[string]func(*testing.T, []string)
	return []requirement{
		{
			name:  "12_restart_policy",
			asks:  "never, on failure or always, with expected statuses, for each program",
			does:  "`restart.policy`, `restart.expected_codes`",
			parts: parts{"Policies": everyPolicyIsObeyed},
		},
		{
			name:  "13_back_off",
			asks:  "exponential, jittered, capped, reset after a stable time; deliberate restarts do not count",
			does:  "1 s doubling to 1 min, less up to a fifth, anew after a minute or twice the delay; all can be set",
			parts: parts{"Delays": delaysDoubleAndReset, "Deliberate": deliberateRestartsDoNotCount},
		},
		{
			name:  "14_crash_loop_limit",
			asks:  "after so many restarts in a while give up visibly: end, or park",
			does:  "`restart.limit` in `restart.window`, `restart.give_up`; a parked job says so in the status and can be restarted",
			peers: "tini, dumb-init and consul-template do not restart: they end with the status of the first crash",
			parts: parts{"End": aCrashLoopEnds, "Park": aParkedJobCanBeRevived, "Process": aParkedProcessKeepsTheContainer, "Beside": crashBeside},
		},
	}
}

func everyPolicyIsObeyed(t *testing.T, run []string) {
	const delay = "delay: 10ms, max_delay: 10ms, limit: unlimited"
	cases := []struct {
		name, restart, end string
		again              bool
		state              string // if not
	}{
		{name: "never-good", restart: "policy: never", end: "exit 0", state: "stopped"},
		{name: "never-bad", restart: "policy: never", end: "exit 1", state: "gave_up"},
		{name: "never-killed", restart: "policy: never", end: "kill -9 $$", state: "gave_up"},
		{name: "failure-good", restart: "policy: on-failure", end: "exit 0", state: "stopped"},
		{name: "failure-bad", restart: "policy: on-failure", end: "exit 1", again: true},
		{name: "failure-killed", restart: "policy: on-failure", end: "kill -TERM $$", again: true},
		{name: "failure-expected", restart: "policy: on-failure, expected_codes: [0, 3]", end: "exit 3", state: "stopped"},
		{name: "failure-only-expected", restart: "policy: on-failure, expected_codes: [3]", end: "exit 0", again: true},
		{name: "always-good", restart: "policy: always", end: "exit 0", again: true},
		{name: "always-bad", restart: "policy: always", end: "exit 1", again: true},
		{name: "default", restart: "reset: 1m", end: "exit 0", again: true},
	}
	var jobs strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&jobs, "  %s: {command: [sh, -c, '%s'], restart: {%s, %s}}\n", c.name, c.end, c.restart, delay)
	}
	box := configured(t, run, "process: {command: [sleep, '300']}\njobs:\n"+jobs.String())
	for _, c := range cases {
		if c.again {
			until(t, c.name+" is started again and again", func() bool { return box.job(c.name).Restarts > 2 })
			continue
		}
		if j := box.untilJob(c.name, "stopped", "gave_up"); string(j.State) != c.state || j.Restarts != 0 {
			t.Errorf("%s is %s after %d restarts, want %s and none", c.name, j.State, j.Restarts, c.state)
		}
	}
}

// delays returns the delays that the log told of a job.
func (c *container) delays(job string) (all []time.Duration) {
	for line := range bytes.Lines([]byte(c.out.String())) {
		var entry struct {
			Msg, Job string
			Delay    time.Duration
		}
		if json.Unmarshal(line, &entry) == nil && entry.Job == job && entry.Msg == "job ended, and is started again" {
			all = append(all, entry.Delay)
		}
	}
	return all
}

// delaysDoubleAndReset has a job whose seventh run lasts.
func delaysDoubleAndReset(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sleep, '300']}
jobs:
  crashing:
    command: [sh, -c, 'echo >> runs; [ $(wc -l < runs) != 7 ] || sleep 3; exit 1']
    restart: {delay: 50ms, max_delay: 400ms, reset: 2s, limit: unlimited}
`)
	until(t, "nine restarts", func() bool { return len(box.delays("crashing")) >= 9 })
	same := true
	for i, ms := range []time.Duration{50, 100, 200, 400, 400, 400, 50, 100, 200} {
		want, got := ms*time.Millisecond, box.delays("crashing")[i]
		if got < want*8/10-time.Millisecond || got > want+time.Millisecond { // a fifth of it is random
			t.Errorf("delay %d is %s, want about %s", i+1, got, want)
		}
		same = same && got == want
	}
	if same {
		t.Error("no delay has a random part")
	}
}

func deliberateRestartsDoNotCount(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sh, -c, '`+up+`'], restart: {policy: on-failure, limit: 2}}
jobs: {helper: {command: [sh, -c, 'while :; do sleep 0.02; done'], restart: {limit: 1}}}
`)
	for _, name := range []string{"process", "helper"} {
		pid := box.untilJob(name, "running").PID
		for range 5 {
			if err := box.client().Restart(t.Context(), name); err != nil {
				t.Fatal(err)
			}
			j := box.untilJob(name, "running")
			if j.PID == pid || j.Restarts != 0 {
				t.Errorf("%s is %d (before: %d), after %d restarts", name, j.PID, pid, j.Restarts)
			}
			pid = j.PID
		}
	}
}

func aCrashLoopEnds(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sh, -c, 'echo >> runs; exit 9'], restart: {policy: on-failure, delay: 10ms, limit: 3}}
`)
	if status := box.wait(); status != 9 || box.read("runs") != "\n\n\n\n" {
		t.Errorf("status %d after %d runs", status, len(box.read("runs")))
	}
	box.until("was restarted too often and is given up (see restart.limit)")
}

func aParkedJobCanBeRevived(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sh, -c, '`+up+`']}
jobs: {crashing: {command: [sh, -c, '[ -e good ] || exit 9; while :; do sleep 0.02; done'], restart: {delay: 10ms, limit: 3}}}
`)
	j := box.untilJob("crashing", "gave_up")
	if j.Restarts != 3 || j.LastStatus != "exit status 9" || j.Error == "" {
		t.Errorf("it is %+v", j)
	}
	box.write("good", "")
	if err := box.client().Restart(t.Context(), "crashing"); err != nil {
		t.Fatal(err)
	}
	box.untilJob("crashing", "running")
}

func aParkedProcessKeepsTheContainer(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sh, -c, '[ -e good ] || exit 9; `+up+`'], restart: {policy: always, delay: 10ms, limit: 3, give_up: park}}
`)
	box.untilJob("process", "gave_up")
	box.write("good", "")
	if err := box.client().Restart(t.Context(), "process"); err != nil {
		t.Fatal(err)
	}
	box.until("up\n")
	if status := box.stop(); status != 143 {
		t.Errorf("status %d", status)
	}
}

func crashBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "9 after 1 runs", flaws: map[string]string{"concierge --process-restart-policy on-failure": "0 after 3 runs"},
		others: []string{"tini", "dumb-init", "consul-template", "concierge --process-restart-policy on-failure"},
		play: func(c *container, s supervisor) string {
			c.start(s.above(c, sh(`echo >> runs; [ $(wc -l < runs) -lt 3 ] && exit 9; exit 0`)...)...)
			return fmt.Sprintf("%d after %d runs", c.wait(), len(c.read("runs")))
		},
	})
}
