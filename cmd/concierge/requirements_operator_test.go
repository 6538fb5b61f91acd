package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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
				"prefix and json: it never waits, and the lines that were dropped are counted",
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

// split gives the container's standard output a pipe of its own, which nobody
// reads yet.
func (c *container) split() (stdout *os.File) {
	c.t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		c.t.Fatal(err)
	}
	c.cmd.Stdout = w
	c.t.Cleanup(func() { _, _ = r.Close(), w.Close() })
	return r
}

// rest reads a pipe of the container to its end, which comes with the end of
// the container.
func (c *container) rest(r *os.File) string {
	c.t.Helper()
	_ = c.cmd.Stdout.(*os.File).Close()
	b, err := io.ReadAll(r)
	if err != nil {
		c.t.Error(err)
	}
	return string(b)
}

// outputIsPassedOnBeside prints every byte there is, and no newline at the end.
func outputIsPassedOnBeside(t *testing.T, run []string) {
	var every strings.Builder
	for n := range 256 {
		every.WriteByte(byte(n))
	}
	compare(t, run, scenario{
		want: "unchanged",
		play: func(c *container, s supervisor) string {
			c.write("every", every.String())
			r := c.split()
			c.start(s.above(c, sh("cat every every")...)...)
			if got := c.rest(r); got != every.String()+every.String() {
				return strconv.Quote(got)
			}
			return "unchanged"
		},
	})
}

const printing = `printf 'one\n\ntwo \001\nlast'; printf 'bad\n' >&2`

func linesAreFramed(t *testing.T, run []string) {
	box := newContainer(t)
	r := box.split()
	box.configure(run, `
process: {command: [sh, -c, "while [ ! -e job ]; do sleep 0.02; done; `+strings.ReplaceAll(printing, `\`, `\\`)+`"], output: {format: prefix}}
jobs: {helper: {type: once, command: [sh, -c, 'printf "helped\n"; touch job'], output: {format: prefix}}}
`)
	if got, want := box.rest(r), "helper | helped\nprocess | one\nprocess | \nprocess | two \x01\nprocess | last\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	box.until("process | bad\n")
}

func linesAreObjects(t *testing.T, run []string) {
	box := newContainer(t)
	r := box.split()
	box.start(slices.Concat(run, []string{"--process-output-format", "json", "--"}, sh(printing))...)
	var got []string
	for line := range strings.Lines(box.rest(r)) {
		var l struct {
			Time                  time.Time
			Program, Stream, Line string
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil || l.Time.IsZero() {
			t.Errorf("%q: %v", line, err)
		}
		got = append(got, strings.Join([]string{l.Program, l.Stream, l.Line}, ":"))
	}
	want := []string{"process:stdout:one", "process:stdout:", "process:stdout:two \x01", "process:stdout:last"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	box.until(`"stream":"stderr","line":"bad"`)
}

// aSlowReaderHoldsNobodyUp reads only when the program has printed everything.
// Each line is there or counted.
func aSlowReaderHoldsNobodyUp(t *testing.T, run []string) {
	const lines = 300_000
	box := newContainer(t)
	r := box.split()
	box.start(slices.Concat(run, []string{"--process-output-format", "prefix", "--"},
		sh(fmt.Sprintf("seq 1 %d; echo > printed; while [ ! -e stop ]; do sleep 0.02; done; exit 6", lines)))...)
	box.untilFile("printed", "\n")
	box.write("stop", "")
	got := strings.Count(box.rest(r), "process | ")
	if status := box.wait(); status != 6 {
		t.Errorf("status %d", status)
	}
	dropped := 0
	for _, m := range regexp.MustCompile(`process \| (\d+) lines were dropped`).FindAllStringSubmatch(box.out.String(), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		dropped += n
	}
	if got+dropped != lines || dropped == 0 {
		t.Errorf("%d lines came through and %d were counted as dropped, together %d; want %d", got, dropped, got+dropped, lines)
	}
}

// aRawProgramWaitsForItsReader as it would without concierge, which goes on.
func aRawProgramWaitsForItsReader(t *testing.T, run []string) {
	box := newContainer(t)
	r := box.split()
	box.start(slices.Concat(run, []string{"--"}, sh(`echo begun > begun; head -c 1000000 /dev/zero; echo > printed; exit 6`))...)
	box.untilFile("begun", "begun")
	until(t, "the pipe is full", func() bool { return box.job("process").State == "running" && unread(t, r) >= 60_000 })
	if box.read("printed") != "" {
		t.Error("everything was printed, and nobody read it")
	}
	if n := len(box.rest(r)); n != 1_000_000 {
		t.Errorf("%d bytes came through", n)
	}
	if status := box.wait(); status != 6 {
		t.Errorf("status %d", status)
	}
}

// aStuckLogHoldsNothingUp has a full standard error that nobody reads: what
// concierge logs must not keep it from its work.
func aStuckLogHoldsNothingUp(t *testing.T, run []string) {
	box := newContainer(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close()
	box.cmd.Stderr = w
	box.configure(run, following)
	box.write("kv.yaml", "a: first")
	box.until("up\n")
	if _, err := w.Write(bytes.Repeat([]byte("x"), 65536-unread(t, r))); err != nil { // as much as a pipe holds
		t.Fatal(err)
	}
	box.notFrozen()
}

// unread is how much waits in a pipe to be read.
func unread(t *testing.T, r *os.File) (n int) {
	t.Helper()
	n, err := unix.IoctlGetInt(int(r.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
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
			if c.ended(time.Second) {
				return fmt.Sprint("ends with ", c.wait())
			}
			return "goes on"
		},
	})
}
