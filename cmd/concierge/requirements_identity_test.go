package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

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
