package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/internal/exit"
)

// operatorRequirements are those about what people see and do.
func operatorRequirements() []requirement {
	type parts = map[string]func(*testing.T, []string)
	return []requirement{
		{
			name:  "22_control_plane",
			asks:  "a local socket that knows who asks: status, reload, restart, signal, maintenance, log level",
			does:  "`concierge ctl`, also by `docker exec`; root and concierge's own user only",
			parts: parts{"Commands": everyCommandWorksInside, "Users": otherUsersAreRefusedInside},
		},
		{
			name: "23_log_pass_through",
			asks: "output raw by default, framed if wanted; a slow reader does not hold up the program",
			does: "raw: the program's descriptors are concierge's own, so a program waits for a slow reader as without concierge; " +
				"prefix and json: it never waits, and the lines that were dropped are counted; concierge's own log waits in a queue",
			peers: "tini, dumb-init and consul-template: equal to raw",
			parts: parts{
				"Raw": outputIsPassedOnBeside, "Streams": standardStreamsAreTheChildsOwn, "Prefix": linesAreFramed, "JSON": linesAreObjects,
				"SlowReader": aSlowReaderHoldsNobodyUp, "RawWaits": aRawProgramWaitsForItsReader, "LogReader": aStuckLogHoldsNothingUp,
			},
		},
		{
			name:  "24_bad_reload",
			asks:  "a bad configuration leaves the old one running, and is told",
			does:  "everything that can fail is done first; the error is in the log, in the answer of `ctl reload` and in the status",
			peers: "consul-template kills its process and ends with 15",
			parts: parts{"Kinds": badReloadsChangeNothing, "Beside": badReloadBeside},
		},
	}
}

// ctl runs concierge ctl in the container and returns its exit status and what
// it prints.
func (c *container) ctl(run []string, args ...string) (int, string) {
	c.t.Helper()
	return status(c.t, c.inside(slices.Concat(run[:1], []string{"ctl"}, args)...))
}

func everyCommandWorksInside(t *testing.T, run []string) {
	box := configured(t, run, `
process: {command: [sh, -c, 'trap "echo usr1 >> got" USR1; while :; do sleep 0.02; done']}
jobs: {helper: {command: [sh, -c, 'echo >> helped; while :; do sleep 0.02; done']}}
`)
	box.untilJob("helper", "running")
	box.untilFile("helped", "\n")
	for _, step := range []struct{ args, shows string }{
		{"status", "concierge [^ ]+ is ready: PID 1,"},
		{"status --json", `"pid": ?1,`},
		{"restart helper", ""},
		{"signal process USR1", ""},
		{"maintenance on", ""},
		{"status", "IN MAINTENANCE"},
		{"maintenance off", ""},
		{"log-level debug", "(?i)info"},
		{"reload", ""},
		{"events", "configuration reloaded"},
	} {
		if code, out := box.ctl(run, strings.Fields(step.args)...); code != exit.OK || !regexp.MustCompile(step.shows).MatchString(out) {
			t.Errorf("ctl %s: status %d, %s", step.args, code, out)
		}
	}
	box.untilFile("got", "usr1\n")
	box.untilFile("helped", "\n\n")
	for _, args := range [][]string{{"restart", "nobody"}, {"signal", "nobody", "HUP"}} {
		if code, out := box.ctl(run, args...); code != exit.Usage || !strings.Contains(out, "helper") {
			t.Errorf("ctl %v: status %d, %s", args, code, out)
		}
	}
}

// otherUsersAreRefusedInside asks as another user by a socket that somebody
// opened to all; see also TestOnlyRootAndTheInstancesUserMayControlIt.
func otherUsersAreRefusedInside(t *testing.T, run []string) {
	socket := filepath.Join(public(t, 0o777), "s")
	box := start(t, run, `trap 'echo usr1' USR1; `+up, "--control-socket", socket)
	box.until("up\n")
	until(t, "the socket", func() bool { return os.Chmod(socket, 0o666) == nil })
	enter := box.inside().Args
	enter = slices.Concat(enter[:len(enter)-1], []string{"--setuid", strconv.Itoa(otherUser), "--setgid", strconv.Itoa(otherUser), "--wdns=/", "--", run[0], "ctl", "--socket", socket})
	for _, args := range [][]string{{"status"}, {"signal", "process", "USR1"}, {"reload"}} {
		cmd := box.inside()
		cmd.Args = slices.Concat(enter[:len(enter)-2], args, enter[len(enter)-2:])
		if code, out := status(t, cmd); code != exit.Store || !strings.Contains(out, "only root and user 0 may") {
			t.Errorf("ctl %v: status %d, %s", args, code, out)
		}
	}
	if strings.Contains(box.out.String(), "usr1") || strings.Contains(box.out.String(), "configuration reloaded") {
		t.Error("something was done")
	}
}

const good = "process: {command: [sh, -c, 'echo up; while :; do sleep 0.02; done']}\n"

func badReloadsChangeNothing(t *testing.T, run []string) {
	box := configured(t, run, good)
	box.until("up\n")
	pid := box.untilJob("process", "running").PID
	for text, says := range map[string]string{
		"proces: {}":           "proces",
		"process: {command: [": "concierge.yaml",
		good + "templates: [{source: none.tmpl, destination: out}]":             "none.tmpl",
		good + "templates: [{contents: '{{ if }}', destination: out}]":          "out",
		good + "jobs: {a: {command: [x], depends_on: {b: started}}}":            "is not a job",
		good + "jobs: {a: {command: [x], health: {tcp: 'h:1', failures: 0}}}":   "zero",
		good + "sources: {etcd: {endpoints: ['host:1'], tls: {ca_file: none}}}": "none",
		"": "nothing to do",
	} {
		box.write("concierge.yaml", text)
		if code, out := box.ctl(run, "reload"); code != exit.Failed || !strings.Contains(out, says) {
			t.Errorf("%q: status %d, %s", text, code, out)
		}
		s, err := box.client().Status(t.Context())
		if err != nil || !strings.Contains(s.Config.LastError, says) || !s.Ready {
			t.Errorf("%q: status %+v, %v", text, s, err)
		}
	}
	box.signal(syscall.SIGHUP)
	until(t, "the log tells it", func() bool {
		return strings.Count(box.out.String(), "configuration was not reloaded, the previous one stays") == 9
	})
	if j := box.job("process"); j.PID != pid || j.Restarts != 0 {
		t.Errorf("the process is %+v, and was %d", j, pid)
	}
	box.write("concierge.yaml", good)
	if code, out := box.ctl(run, "reload"); code != exit.OK {
		t.Errorf("status %d, %s", code, out)
	}
}

func badReloadBeside(t *testing.T, run []string) {
	compare(t, run, scenario{
		want: "goes on", flaws: map[string]string{"consul-template": "ends with 15"}, others: []string{"consul-template"},
		play: func(c *container, s supervisor) string {
			if s.name == "concierge" {
				c.configure(run, good)
			} else {
				c.start(s.above(c, sh("echo up; while :; do sleep 0.02; done")...)...)
			}
			c.until("up\n")
			s.settle()
			c.write("concierge.yaml", "{ no")
			c.write("consul-template.json", "{ no")
			c.signal(syscall.SIGHUP)
			if s.name == "concierge" {
				c.until("the previous one stays")
			}
			if s.name == "consul-template" || c.ended(time.Second) {
				return fmt.Sprint("ends with ", c.wait())
			}
			return "goes on"
		},
	})
}
