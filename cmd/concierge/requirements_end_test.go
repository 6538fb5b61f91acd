package main

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endRequirements are those about the end of the container.
func endRequirements() []requirement {
	type parts = map[string]func(*testing.T, []string)
	return []requirement{
		{
			name:  "07_essential_process",
			asks:  "one process whose end is the end of the container, with its status",
			does:  "`process`; a job with `restart.give_up: end` can be another one",
			parts: parts{"Process": theProcessDecides, "Job": aJobCanDecide},
		},
		{
			name:  "08_stop_escalation",
			asks:  "a stop signal, a timeout, then KILL, within a budget for everything",
			does:  "`stop.signal`, `stop.timeout`, `shutdown.timeout`; a second TERM kills at once",
			peers: "tini, dumb-init and consul-template (which kills at INT only) wait for ever",
			parts: parts{
				"Stubborn": aStubbornProcessIsKilled, "Signal": theStopSignalIsChosen, "Budget": theBudgetIsKept,
				"Twice": aSecondTermKills, "Beside": escalationBeside,
			},
		},
		{
			name:  "09_pre_stop_drain",
			asks:  "withdraw readiness, serve on for a while, then TERM",
			does:  "`before_stop` hooks and STOPPING to the service manager, then `shutdown.drain`, then the stop signal; a process that ends earlier is not waited for",
			peers: "tini, dumb-init and consul-template pass TERM on at once: requests are refused",
			parts: parts{"Beside": drainBeside, "Short": drainEndsWithTheProcess, "Hurry": aSecondTermEndsTheDrain, "Notified": theManagerIsToldBeforeTheDrain},
		},
		{
			name:  "10_stop_order",
			asks:  "stop in the reverse order of the start, what is needed last",
			does:  "dependants first, each only when all that need it have ended; what nobody orders after the process",
			parts: parts{"Diamond": theDiamondStopsInOrder, "Hooks": hooksSurroundTheEnd},
		},
	}
}

// waiting is a program that ends at TERM, and says so in a file, first a name
// and what it found there before.
func waiting(name, atTerm string) string {
	return fmt.Sprintf(`[sh, -c, 'trap "%s; echo %s >> ended; exit" TERM; echo %s >> begun; while :; do sleep 0.02; done']`, atTerm, name, name)
}

func theProcessDecides(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sh, -c, 'while [ ! -e stop ]; do sleep 0.02; done; exit 7']}
jobs:
  helper: {command: `+waiting("helper", ":")+`}
  brief: {command: ['true'], restart: {policy: never}}
  failing: {command: ['false'], type: once}
`)
	box.untilJob("brief", "stopped")
	box.untilJob("failing", "gave_up")
	box.untilFile("begun", "helper\n")
	if j := box.job("process"); j.State != "running" {
		t.Errorf("the process is %s", j.State)
	}
	box.write("stop", "")
	if status := box.wait(); status != 7 || box.read("ended") != "helper\n" {
		t.Errorf("status %d, and %q had time to end", status, box.read("ended"))
	}
}

func aJobCanDecide(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: `+waiting("process", ":")+`}
jobs:
  vital: {command: [sh, -c, 'while [ ! -e stop ]; do sleep 0.02; done; exit 5'], restart: {policy: never, give_up: end}}
`)
	box.untilFile("begun", "process\n")
	box.write("stop", "")
	if status := box.wait(); status != 5 || box.read("ended") != "process\n" {
		t.Errorf("status %d, and %q had time to end", status, box.read("ended"))
	}
	box.until("ending, because a job failed")
}

func theStopSignalIsChosen(t *testing.T, run []string) {
	box := start(t, run, `trap 'exit 9' QUIT; trap 'exit 1' TERM; `+up, "--process-stop-signal", "QUIT")
	box.until("up\n")
	if status := box.stop(); status != 9 {
		t.Errorf("status %d", status)
	}
}

// theBudgetIsKept has two programs that ignore TERM and could take a minute.
func theBudgetIsKept(t *testing.T, run []string) {
	const stubborn = `[sh, -c, 'trap "" TERM; echo >> up; while :; do sleep 0.02; done'], stop: {timeout: 1m}`
	box := configured(t, run, `
shutdown: {timeout: 2s}
process: {command: `+stubborn+`, depends_on: {other: started}}
jobs: {other: {command: `+stubborn+`}}
`)
	box.untilFile("up", "\n\n")
	began := time.Now()
	status, took := box.stop(), time.Since(began)
	if status != 137 || took > 10*time.Second {
		t.Errorf("status %d after %s", status, took)
	}
}

func aSecondTermKills(t *testing.T, run []string) {
	box := start(t, run, `trap 'echo no' TERM; `+up, "--process-stop-timeout", "10m")
	box.until("up\n")
	box.signal(syscall.SIGTERM)
	box.until("no\n")
	if status := box.stop(); status != 137 {
		t.Errorf("status %d", status)
	}
}

// escalationBeside has a process that ignores TERM. Who waits for ever, or as
// concierge for the 5 s of a supervisor here, is seen to wait for twice as long
// as concierge with another timeout does.
func escalationBeside(t *testing.T, run []string) {
	const quick = "concierge --process-stop-timeout 500ms"
	compare(t, run, scenario{
		want: "waits", others: []string{"tini", "dumb-init", "consul-template", quick},
		flaws: map[string]string{quick: "137"},
		play: func(c *container, s supervisor) string {
			c.start(s.above(c, sh("trap '' TERM; "+up)...)...)
			c.until("up\n")
			s.settle()
			c.signal(syscall.SIGTERM)
			if s.name == quick || c.ended(time.Second) {
				return fmt.Sprint(c.wait())
			}
			return "waits"
		},
	})
}

// theDiamondStopsInOrder has a process that needs two services that need a
// third, a log shipper that all of them need, and a reporter that needs the
// process. Each but the shipper takes its time to end and must still find
// what it needs.
func theDiamondStopsInOrder(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: `+waiting("process", "sleep 0.1")+`, depends_on: {left: started, right: started}}
jobs:
  reporter: {command: `+waiting("reporter", "sleep 0.1")+`, depends_on: {process: started}}
  left: {command: `+waiting("left", "sleep 0.3")+`, depends_on: {base: started}}
  right: {command: `+waiting("right", "sleep 0.1")+`, depends_on: {base: started, shipper: started}}
  base: {command: `+waiting("base", "sleep 0.1")+`, depends_on: {shipper: started}}
  shipper: {command: `+waiting("shipper", ":")+`}
`)
	until(t, "all run", func() bool { return strings.Count(box.read("begun"), "\n") == 6 })
	pid := func(name string) int { return box.job(name).PID } // they are given out in order
	if pid("shipper") > pid("base") || pid("base") > min(pid("left"), pid("right")) ||
		max(pid("left"), pid("right")) > pid("process") || pid("process") > pid("reporter") {
		t.Error("they were started in another order")
	}
	box.stop()
	ended := strings.Fields(box.read("ended"))
	if got, want := fmt.Sprint(ended), "[reporter process right left base shipper]"; got != want {
		t.Errorf("they ended as %s, want %s", got, want)
	}
}

// hooksSurroundTheEnd: the hook after the start waits for the health check.
func hooksSurroundTheEnd(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: `+waiting("process", ":")+`, health: {command: [grep, -q, process, begun], interval: 50ms}}
jobs:
  early: {hook: before_start, type: once, command: [sh, -c, 'echo early >> begun']}
  late: {hook: after_start, type: once, command: [sh, -c, 'echo late >> begun']}
  before: {hook: before_stop, type: once, command: [sh, -c, 'echo before >> ended; exit 1']}
  after: {hook: after_stop, type: once, command: [sh, -c, 'echo after >> ended']}
  helper: {command: `+waiting("helper", ":")+`}
`)
	box.untilJob("late", "completed")
	box.untilFile("begun", "helper\n")
	box.stop()
	var begun []string
	for _, name := range strings.Fields(box.read("begun")) {
		if name != "helper" {
			begun = append(begun, name)
		}
	}
	if got := fmt.Sprint(begun, strings.Fields(box.read("ended"))); got != "[early process late] [before process helper after]" {
		t.Errorf("they began and ended as %s", got)
	}
}
