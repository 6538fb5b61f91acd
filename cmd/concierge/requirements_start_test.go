package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startRequirements are those about what a program is started with.
func startRequirements() []requirement {
	type parts = map[string]func(*testing.T, []string)
	return []requirement{
		{
			name: "18_stdin_and_terminal",
			asks: "standard input and the terminal are the process's; its group is in front; keys and the window's size reach it",
			does: "exactly that, with job control below a shell; Ctrl-Z does not freeze a container",
			parts: parts{
				"Input": inputBeside, "Keys": keysReachTheProcess, "JobControl": jobControlWorks, "Background": aBackgroundProcessStopsWhenItReads,
				"PID1": pid1OnATerminalIsNotStopped, "Beside": terminalBeside,
			},
			peers: "dumb-init and consul-template: equal as PID 1. tini: Ctrl-Z stops the process for ever",
		},
		{
			name:  "19_clean_environment",
			asks:  "no descriptors, masks or dispositions leak; environment, directory, umask, user, group and limits are chosen",
			does:  "all of them, for the process and each job",
			parts: parts{"Signals": theChildStartsClean, "Descriptors": descriptorsDoNotLeak, "Identity": everythingIsChosen, "Refused": aFailedIdentityIsNoStart, "Beside": cleanBeside},
			peers: "dumb-init: equal for descriptors and signals. tini passes blocked and ignored signals on",
		},
		{
			name:  "20_parent_death",
			asks:  "children die when the supervisor is killed",
			does:  "the kernel kills the process, jobs and commands",
			parts: parts{"Process": theProcessDiesWithConcierge, "Command": aCommandDiesWithConcierge, "Jobs": jobsDieWithConcierge, "Beside": deathBeside},
			peers: "tini, dumb-init and consul-template: the process goes on (as long as they are not PID 1)",
		},
		{
			name:  "21_secrets_in_env",
			asks:  "only the child that needs a secret gets it",
			does:  "variables of `env` go to the process, to jobs only by name (`variables`), to no probe, hook, check or command; concierge's own credentials to nobody",
			parts: parts{"Variables": secretsGoWhereTheyAreNeeded, "Beside": credentialsBeside},
			peers: "tini, dumb-init and consul-template pass everything on",
		},
	}
}

func inputBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "some input\n",
		play: func(c *container, s supervisor) string {
			c.cmd.Stdin = strings.NewReader("some input\n")
			c.start(s.above(c, sh("cat > got")...)...)
			c.wait()
			return c.read("got")
		},
	})
}

// terminalBeside reads a line, presses Ctrl-Z, writes another line, and presses
// Ctrl-C. What has not happened after a second does not happen.
func terminalBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "reads, goes on, interrupted", flaws: map[string]string{"tini": "reads, is stopped, not interrupted"},
		play: func(c *container, s supervisor) string {
			tty := c.onTerminal(s.above(c, sh(`trap "echo inter""rupted; exit 5" INT; `+talking)...)...)
			tty.until("started", 1)
			s.settle()
			var did []string
			for _, step := range []struct{ keys, shows, yes, no string }{
				{"one\n", "read one", "reads", "cannot read"},
				{"\x1atwo\n", "read two", "goes on", "is stopped"},
				{"\x03", "interrupted", "interrupted", "not interrupted"},
			} {
				tty.press(step.keys)
				if tty.shows(step.shows, time.Second) {
					did = append(did, step.yes)
				} else {
					did = append(did, step.no)
				}
			}
			return strings.Join(did, ", ")
		},
	})
}

// proc reads a file of /proc/PID of a job, in the container.
func (c *container) proc(job, file string) string {
	c.t.Helper()
	out, err := c.inside("cat", fmt.Sprintf("/proc/%d/%s", c.job(job).PID, file)).Output()
	if err != nil {
		c.t.Fatal(err)
	}
	return string(out)
}

// everythingIsChosen looks at a job beside a process that has only what
// concierge was given.
func everythingIsChosen(t *testing.T, run []string) {
	box := newContainer(t)
	if err := os.Mkdir(filepath.Join(box.dir, "work"), 0o755); err != nil {
		t.Fatal(err)
	}
	box.configure(run, `
process: {command: [sleep, '300']}
jobs:
  chosen:
    command: [sleep, '300']
    dir: work
    user: nobody
    group: daemon
    umask: "0027"
    limits: {nofile: '64:128', core: 0, stack: unlimited}
    environment: {pristine: true, set: [A=b, 'C=d e']}
`)
	box.untilJob("chosen", "running")
	box.untilJob("process", "running")
	until(t, "the program is executed", func() bool { return strings.HasPrefix(box.proc("chosen", "cmdline"), "sleep\x00") })
	status := fields(box.proc("chosen", "status"))
	for name, want := range map[string]string{
		"Uid": "65534 65534 65534 65534", "Gid": "1 1 1 1", "Umask": "0027", "CapEff": "0000000000000000",
		"SigBlk": "0000000000000000", "SigPnd": "0000000000000000",
	} {
		if status[name] != want {
			t.Errorf("%s is %q, want %q", name, status[name], want)
		}
	}
	limits := fields(box.proc("chosen", "limits"))
	for name, want := range map[string]string{"Max open files": "64 128 files", "Max core file size": "0 0 bytes", "Max stack size": "unlimited unlimited bytes"} {
		if limits[name] != want {
			t.Errorf("%s is %q, want %q", name, limits[name], want)
		}
	}
	environ := slices.Sorted(strings.SplitSeq(strings.TrimSuffix(box.proc("chosen", "environ"), "\x00"), "\x00"))
	if got := strings.Join(environ, ","); got != "A=b,C=d e,HOME=/nonexistent,LOGNAME=nobody,USER=nobody" {
		t.Errorf("environment %s", got)
	}
	if out, err := box.inside("readlink", fmt.Sprintf("/proc/%d/cwd", box.job("chosen").PID)).Output(); err != nil || string(out) != box.dir+"/work\n" {
		t.Errorf("directory %s, %v", out, err)
	}
	if plain := fields(box.proc("process", "status")); plain["Uid"] != "0 0 0 0" || plain["Umask"] == "0027" {
		t.Errorf("the process has %s and %s", plain["Uid"], plain["Umask"])
	}
}

// fields reads lines of the form of /proc/PID/status and /proc/PID/limits.
func fields(text string) map[string]string {
	all := make(map[string]string)
	for line := range strings.Lines(text) {
		name, value, ok := strings.Cut(line, ":\t")
		if !ok && len(line) > 26 { // a column in limits
			name, value = line[:26], line[26:]
		}
		all[strings.TrimSpace(name)] = strings.Join(strings.Fields(value), " ")
	}
	return all
}

// aFailedIdentityIsNoStart: what cannot be had is not done without.
func aFailedIdentityIsNoStart(t *testing.T, run []string) {
	for setting, text := range map[string]string{"user: no-such-user": "no-such-user", "limits: {nofile: '64:9999999999'}": "nofile"} {
		box := configured(t, run, "process: {command: [touch, begun], "+setting+"}\n")
		if status := box.wait(); status != 126 {
			t.Errorf("%s: status %d, want 126", setting, status)
		}
		if _, err := os.Stat(filepath.Join(box.dir, "begun")); err == nil || !strings.Contains(box.out.String(), text) {
			t.Errorf("%s: it was started, or nothing says why not", setting)
		}
	}
}

// cleanBeside starts with blocked and ignored signals. The descriptors that a
// child of a shell has that is PID 1 are what the supervisor is given. The
// process becomes another program before it looks at its signals, because a
// shell blocks some now and then.
func cleanBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "nothing", flaws: map[string]string{"tini": "no descriptors, signals"},
		// What consul-template passes on depends on what comes first, its handlers or its process.
		others: []string{"tini", "dumb-init"},
		play: func(c *container, s supervisor) string {
			given := []string{"sh", "-c", `ls /proc/self/fd > given; exec "$@"`, "sh", "env", "--block-signal=USR1,CHLD,40", "--ignore-signal=INT,PIPE,TSTP,TTIN,TTOU,USR2"}
			c.start(slices.Concat(given, s.above(c, sh(`ls /proc/self/fd > got; exec cat /proc/self/status > status`)...))...)
			c.wait()
			outcome, status := "nothing", c.read("status")
			for name, bits := range fields(status) {
				set, err := strconv.ParseUint(bits, 16, 64)
				set &^= 7 << 31 // the C library's and Go's
				if (name == "SigBlk" || name == "SigIgn") && (err != nil || set != 0) {
					outcome = "no descriptors, signals"
				}
			}
			if given, got := c.read("given"), c.read("got"); given == "" || given != got {
				return fmt.Sprintf("descriptors %q of %q", got, given)
			}
			return outcome
		},
	})
}

// jobsDieWithConcierge kills it below a shell.
func jobsDieWithConcierge(t *testing.T, run []string) {
	s := newSupervised(t)
	for name, text := range map[string]string{"other": "", "concierge.yaml": `
process: {command: [sh, -c, 'trap "" HUP TERM; echo $$ > process; while :; do sleep 0.02; done']}
jobs:
  service: {command: [sh, -c, 'trap "" HUP TERM; echo $$ > service; while :; do sleep 0.02; done']}
  other: {command: [sh, -c, 'trap "" HUP TERM; echo $$ > other; while :; do sleep 0.02; done'], user: nobody, umask: "0000"}
  probed: {command: [sleep, '300'], health: {command: [sh, -c, 'echo $$ > probe; while :; do sleep 0.02; done'], timeout: 1h, interval: 50ms}}
`} {
		path := filepath.Join(s.dir, name)
		if err := errors.Join(os.WriteFile(path, []byte(text), 0o600), os.Chmod(path, 0o666)); err != nil { // for everybody
			t.Fatal(err)
		}
	}
	s.start(run[0], "run", "--config", "concierge.yaml")
	var pids []int
	for _, name := range []string{"process", "service", "other", "probe"} {
		pids = append(pids, s.number(name))
	}
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait()
	for _, pid := range pids {
		until(t, "end of a child", func() bool { return gone(pid) })
	}
}

// deathBeside kills the supervisor below a shell that is PID 1, and looks
// whether the process goes on for a second.
func deathBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "goes on", flaws: map[string]string{"concierge": "dies"},
		play: func(c *container, s supervisor) string {
			const watch = `"$@" & while [ ! -s pid ]; do sleep 0.01; done; kill -KILL $!; wait $!
read pid < pid; i=0; while [ $i -lt 50 ]; do
	set -- $(cat /proc/$pid/stat 2>/dev/null) none none none; [ "$3" = none -o "$3" = Z ] && exit 3
	sleep 0.02; i=$((i+1))
done; exit 4`
			c.start(slices.Concat(sh(watch), []string{"sh"}, s.above(c, sh(`trap "" HUP TERM; echo $$ > pid; while :; do sleep 0.02; done`)...))...)
			return map[int]string{3: "dies", 4: "goes on"}[c.wait()]
		},
	})
}

func secretsGoWhereTheyAreNeeded(t *testing.T, run []string) {
	const env = `[sh, -c, '[ -s env-$0 ] || env > env-$0; `
	box := newContainer(t)
	box.write("kv.yaml", "password: swordfish\ntoken: xyzzy\na: b")
	box.configure(run, `
sources: {file: {path: kv.yaml}}
env: [{name: DB_PASSWORD, value: '{{ key "password" }}'}, {name: API_TOKEN, value: '{{ key "token" }}'}]
templates:
  - {contents: '{{ key "a" }}', destination: out, check: {command: `+env+`:', check]}, on_change: {command: `+env+`:', change]}}
process: {command: `+env+`while :; do sleep 0.02; done', process], readiness: {command: `+env+`:', probe], interval: 50ms}}
jobs:
  one: {command: `+env+`while :; do sleep 0.02; done', one], variables: [DB_*]}
  none: {command: `+env+`while :; do sleep 0.02; done', none], health: {command: `+env+`:', liveness], interval: 50ms}}
  before: {hook: before_start, type: once, command: `+env+`:', before]}
  after: {hook: after_start, type: once, command: `+env+`:', after]}
  stopping: {hook: before_stop, type: once, command: `+env+`:', stopping]}
`)
	box.untilJob("after", "completed")
	box.untilJob("none", "healthy")
	box.untilFile("env-one", "PWD=")
	box.stop()
	for name, want := range map[string]string{
		"process": "password token", "one": "password", "none": "", "probe": "", "liveness": "", "check": "", "change": "", "before": "", "after": "", "stopping": "",
	} {
		text := box.read("env-" + name)
		if !strings.Contains(text, "PATH=") {
			t.Errorf("%s did not run", name)
		}
		var got []string
		for what, secret := range map[string]string{"password": "swordfish", "token": "xyzzy"} {
			if strings.Contains(text, secret) {
				got = append(got, what)
			}
		}
		slices.Sort(got)
		if strings.Join(got, " ") != want {
			t.Errorf("%s has %v, want %q", name, got, want)
		}
	}
}

// credentialsBeside gives the supervisor a credential of its own.
func credentialsBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "inherited", flaws: map[string]string{"concierge": "kept"},
		play: func(c *container, s supervisor) string {
			c.cmd.Env = append(c.cmd.Env, "CONSUL_HTTP_TOKEN=swordfish")
			c.start(s.above(c, sh("env > env")...)...)
			c.wait()
			if strings.Contains(c.read("env"), "swordfish") {
				return "inherited"
			}
			return "kept"
		},
	})
}
