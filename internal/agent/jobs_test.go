package agent_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// plain is a process that notes its start and its end.
const plain = `
process:
  command: [sh, -c, 'trap "echo process ended >>DIR/events; exit 0" TERM; echo process started >>DIR/events; while :; do sleep 0.02; done']
`

const noFiles = "sources: {file: {path: DIR/kv.yaml}}\n"

func TestProcessStartsAfterItsHooksAndWhatItNeeds(t *testing.T) {
	i := run(t, noFiles+plain+`
  depends_on: {db: healthy}
templates: [{contents: '{{ key "a" }}', destination: DIR/out}]
jobs:
  prepare: {type: once, hook: before_start, command: [sh, -c, 'echo "prepared with $(cat DIR/out)" >>DIR/events; until [ -e DIR/go ]; do sleep 0.01; done']}
  greet: {type: once, hook: after_start, command: [sh, -c, 'echo greeted >>DIR/events']}
  db: {command: [sh, -c, 'while :; do sleep 0.02; done'], health: {command: [test, -e, DIR/alive], interval: 50ms, grace: 1h}}
`)
	i.write("kv.yaml", "a: v1")
	i.file("events", "prepared with v1\n")
	i.write("alive", "")
	i.write("go", "")
	i.file("events", "prepared with v1\nprocess started\ngreeted\n")
	i.stop()
	i.expect("events", "prepared with v1\nprocess started\ngreeted\nprocess ended\n")
}

func TestFailingHookBeforeTheStartEndsConciergeWithItsStatus(t *testing.T) {
	i := run(t, noFiles+plain+`
jobs: {prepare: {type: once, hook: before_start, command: [sh, -c, 'exit 7']}}
`)
	if status := i.wait(); status != 7 || i.read("events") != "" {
		t.Errorf("status %d, events %q", status, i.read("events"))
	}
}

func TestFailingHookMayBeTriedAgain(t *testing.T) {
	i := run(t, noFiles+plain+`
jobs: {prepare: {type: once, hook: before_start, restart: {policy: on-failure, delay: 10ms}, command: [sh, -c, 'echo try >>DIR/events; [ $(wc -l <DIR/events) -ge 3 ]']}}
`)
	i.file("events", "try\ntry\ntry\nprocess started\n")
	i.stop()
}

// TestWaitingForAJobCostsNothing has a process whose needs are met, but not
// its variables.
func TestWaitingForAJobCostsNothing(t *testing.T) {
	i := run(t, noFiles+plain+`
  depends_on: {prepare: completed}
env: [{name: V, value: '{{ key "absent" }}'}]
jobs: {prepare: {type: once, command: [sh, -c, 'exit 0']}}
`)
	i.write("kv.yaml", "a: v1")
	i.logged("job completed")
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	const span = 300 * time.Millisecond
	<-time.After(span)
	if cost := used() - before; cost > span/2 {
		t.Errorf("the processor was used for %s of %s", cost, span)
	}
	i.write("kv.yaml", "absent: here")
	i.file("events", "process started\n")
}

func TestReloadChangesOnlyTheJobsThatChanged(t *testing.T) {
	job := func(name, what string) string {
		return "  " + name + ": {command: [sh, -c, 'trap \"echo end >>DIR/" + name + "; exit\" TERM; echo " + what + " >>DIR/" + name + "; while :; do sleep 0.02; done']}\n"
	}
	once := "  prepare: {type: once, command: [sh, -c, 'echo ran >>DIR/prepare']}\n"
	i := run(t, noFiles+plain+"jobs:\n"+once+job("same", "one")+job("other", "one")+job("gone", "one"))
	for _, name := range []string{"same", "other", "gone"} {
		i.file(name, "one\n")
	}
	i.file("prepare", "ran\n")
	i.write("concierge.yaml", noFiles+plain+"jobs:\n"+once+job("same", "one")+job("other", "two")+job("new", "one"))
	i.signal(syscall.SIGHUP)
	i.file("gone", "one\nend\n")
	i.file("other", "one\nend\ntwo\n")
	i.file("new", "one\n")
	i.expect("same", "one\n")
	i.expect("prepare", "ran\n")

	i.write("concierge.yaml", noFiles+plain+"jobs:\n"+job("broken", "one")+"    every: 5m\n")
	i.signal(syscall.SIGHUP)
	i.logged("configuration was not reloaded")
	i.expect("same", "one\n")
	i.write("concierge.yaml", noFiles+plain)
	i.signal(syscall.SIGHUP)
	i.file("new", "one\nend\n")
	i.file("same", "one\nend\n")
	i.stop()
	i.expect("events", "process started\nprocess ended\n")
}

// TestVariablesFromStoresReachOnlyThoseThatAskForThem looks at the environment
// of everything that concierge runs.
func TestVariablesFromStoresReachOnlyThoseThatAskForThem(t *testing.T) {
	t.Setenv("VAULT_TOKEN", "own credential")
	i := run(t, noFiles+`
templates: [{contents: '{{ key "a" }}', destination: DIR/out, check: {command: [sh, -c, 'env >DIR/check']}, on_change: {command: [sh, -c, 'env >DIR/action']}}]
env: [{name: DB_PASSWORD, value: '{{ key "password" }}'}, {name: OTHER, value: '{{ key "password" }}'}]
process:
  command: [sh, -c, 'env >DIR/process; trap "exit 0" TERM; while :; do sleep 0.02; done']
  health: {command: [sh, -c, 'env >DIR/health'], interval: 50ms}
  readiness: {command: [sh, -c, 'env >DIR/readiness'], interval: 50ms}
jobs:
  with: {type: once, command: [sh, -c, 'env >DIR/with'], variables: [DB_*]}
  without: {type: once, command: [sh, -c, 'env >DIR/without']}
  hook: {type: once, hook: before_stop, command: [sh, -c, 'env >DIR/hook']}
`)
	i.write("kv.yaml", "a: v1\npassword: hunter2")
	everywhere := []string{"process", "with", "without", "health", "readiness", "check"}
	for _, name := range everywhere {
		eventually(t, name+" ran", func() bool { return strings.Contains(i.read(name), "PATH=") }, func() string { return i.log.String() })
	}
	i.write("kv.yaml", "a: v2\npassword: hunter2")
	eventually(t, "the action ran", func() bool { return strings.Contains(i.read("action"), "PATH=") }, i.log.String)
	i.stop()
	for _, name := range append(everywhere, "hook", "action") {
		lines := strings.Split(i.read(name), "\n")
		password, other := slices.Contains(lines, "DB_PASSWORD=hunter2"), slices.Contains(lines, "OTHER=hunter2")
		if password != (name == "process" || name == "with") || other != (name == "process") {
			t.Errorf("%s: DB_PASSWORD %t, OTHER %t", name, password, other)
		}
		if strings.Contains(i.read(name), "own credential") || !strings.Contains(i.read(name), "PATH=") {
			t.Errorf("%s has the environment %q", name, lines)
		}
	}
	if strings.Contains(i.log.String(), "hunter2") {
		t.Errorf("the log tells the password")
	}
}

func TestJobThatGivesUpCanEndConcierge(t *testing.T) {
	i := run(t, noFiles+plain+`
jobs: {proxy: {command: [sh, -c, 'exit 5'], restart: {delay: 1ms, max_delay: 2ms, limit: 2, give_up: end}}}
`)
	if status := i.wait(); status != 5 || !strings.Contains(i.log.String(), "ending, because a job failed") {
		t.Errorf("status %d", status)
	}
}

// leaving is a configuration whose end takes several steps.
const leaving = noFiles + plain + `
jobs:
  deregister: {type: once, hook: before_stop, command: [sh, -c, 'echo deregistered >>DIR/events; BEFORE']}
  clean: {type: once, hook: after_stop, command: [sh, -c, 'echo cleaned >>DIR/events']}
  shipper: {command: [sh, -c, 'trap "echo shipper ended >>DIR/events; exit 0" TERM; touch DIR/shipping; while :; do sleep 0.02; done']}
SHUTDOWN
`

func leave(t *testing.T, before, shutdown string) *instance {
	t.Helper()
	i := run(t, strings.NewReplacer("BEFORE", before, "SHUTDOWN", shutdown).Replace(leaving))
	i.file("events", "process started\n")
	eventually(t, "the shipper is up", func() bool { _, err := os.Stat(filepath.Join(i.dir, "shipping")); return err == nil }, i.log.String)
	return i
}

func TestStepsOfTheEndAreInOrder(t *testing.T) {
	i := leave(t, ":", "shutdown: {drain: 200ms}")
	begun := time.Now()
	i.stop()
	if time.Since(begun) < 200*time.Millisecond {
		t.Error("there was no time to drain")
	}
	i.expect("events", "process started\nderegistered\nprocess ended\nshipper ended\ncleaned\n")
}

func TestASecondSignalEndsADrainAndAHookAtOnce(t *testing.T) {
	for name, c := range map[string]struct{ before, shutdown, at string }{
		"drain": {":", "shutdown: {drain: 1h}", "draining before"},
		"hook":  {"while :; do sleep 0.02; done", "", "job=deregister"},
	} {
		t.Run(name, func(t *testing.T) {
			i := leave(t, c.before, c.shutdown)
			i.signal(syscall.SIGTERM)
			i.logged(c.at)
			i.file("events", "process started\nderegistered\n")
			begun := time.Now()
			i.signal(syscall.SIGTERM)
			if status := i.wait(); status != 137 || time.Since(begun) > 5*time.Second {
				t.Errorf("status %d after %s", status, time.Since(begun))
			}
			i.expect("events", "process started\nderegistered\n")
		})
	}
}

func TestTimeForTheEndIsKeptByHooksAndDrain(t *testing.T) {
	i := leave(t, "while :; do sleep 0.02; done", "shutdown: {timeout: 1s, drain: 1h}")
	begun := time.Now()
	i.signal(syscall.SIGTERM)
	i.wait()
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("took %s", took)
	}
	i.logged("hook failed, the shutdown goes on")
}

func TestHooksOfAProcessThatNeverRanDoNotRun(t *testing.T) {
	i := run(t, noFiles+plain+`
env: [{name: V, value: '{{ key "absent" }}'}]
jobs: {deregister: {type: once, hook: before_stop, command: [sh, -c, 'echo >>DIR/ran']}}
`)
	i.write("kv.yaml", "a: v1")
	i.logged("template waits for data")
	i.signal(syscall.SIGTERM)
	i.wait()
	if i.read("ran") != "" || strings.Contains(i.log.String(), "hook failed") {
		t.Errorf("the hook ran: %q", i.read("ran"))
	}
}

func TestRingOfJobsIsRefused(t *testing.T) {
	for ring, yaml := range map[string]string{
		"a waits for b waits for a": plain + "jobs:\n" + "  a: {command: [a], depends_on: {b: started}}\n  b: {command: [b], depends_on: {a: started}}\n",
		"a waits for process waits for a": plain + "  depends_on: {a: started}\njobs:\n" +
			"  a: {command: [a], depends_on: {process: started}}\n",
	} {
		i := run(t, noFiles+yaml)
		if i.wait(); i.err == nil || !strings.Contains(i.err.Error(), "is a ring: "+ring) {
			t.Errorf("error %v", i.err)
		}
	}
}
