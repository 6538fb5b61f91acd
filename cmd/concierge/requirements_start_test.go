package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
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
// Ctrl-C. What has not happened below tini after a second does not happen.
func terminalBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "reads, goes on, interrupted", flaws: map[string]string{"tini": "reads, is stopped, not interrupted"},
		play: func(c *container, s supervisor) string {
			tty := c.onTerminal(s.above(c, sh(`trap "echo inter""rupted; exit 5" INT; `+talking)...)...)
			tty.until("started", 1)
			s.settle()
			patience := 20 * time.Second
			if s.name == "tini" {
				patience = time.Second
			}
			var did []string
			for _, step := range []struct{ keys, shows, yes, no string }{
				{"one\n", "read one", "reads", "cannot read"},
				{"\x1atwo\n", "read two", "goes on", "is stopped"},
				{"\x03", "interrupted", "interrupted", "not interrupted"},
			} {
				tty.press(step.keys)
				if tty.shows(step.shows, patience) {
					did = append(did, step.yes)
				} else {
					did = append(did, step.no)
				}
			}
			return strings.Join(did, ", ")
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
