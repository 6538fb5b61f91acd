package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

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

// linesAreFramed: the lines of one program come in order.
func linesAreFramed(t *testing.T, run []string) {
	box := newContainer(t)
	r := box.split()
	box.configure(run, `
process: {command: [sh, -c, "while [ ! -e job ]; do sleep 0.02; done; `+strings.ReplaceAll(printing, `\`, `\\`)+`"], output: {format: prefix}}
jobs: {helper: {type: once, command: [sh, -c, 'printf "helped\n"; echo > job'], output: {format: prefix}}}
`)
	got := box.rest(r)
	others := strings.Replace(got, "helper | helped\n", "", 1)
	if want := "process | one\nprocess | \nprocess | two \x01\nprocess | last\n"; others == got || others != want {
		t.Errorf("%q, want %q and a line of the helper", got, want)
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
	text := box.rest(r)
	got := strings.Count(text, "process | ")
	if status := box.wait(); status != 6 {
		t.Errorf("status %d", status)
	}
	dropped := 0
	for _, m := range regexp.MustCompile(`process \| (\d+) lines were dropped`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		got, dropped = got-1, dropped+n
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
