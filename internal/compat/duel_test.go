package compat

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aymanbagabas/go-udiff"

	"concierge/internal/testserver"
)

// duel is both programs running as daemons on the same configuration, each in
// a directory of its own, over the same store. Its methods fail the test.
type duel struct {
	t      *testing.T
	f      *fixture
	prefix string            // of the keys
	files  map[string]string // beside the configuration; may be nil
	sides  [2]*side

	started time.Time
}

// side is one running program.
type side struct {
	program
	dir   string
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
	err   error         // of Wait, once ended is closed
}

// child is a program to supervise. It writes down each start and each signal
// with what out says at that moment, and ends with 7 on TERM and 3 on INT. It
// also ends when its directory is removed.
const child = `
trap 'echo "HUP $(cat out)" >> log' HUP
trap 'echo "USR1 $(cat out)" >> log' USR1
trap 'echo "USR2 $(cat out)" >> log' USR2
trap 'echo TERM >> log; exit 7' TERM
trap 'echo INT >> log; exit 3' INT
echo "start $(cat out)" >> log
while [ -e child.sh ]; do sleep 1 & wait $!; done
`

// newDuel prepares a duel over the shared servers.
func newDuel(t *testing.T) *duel {
	t.Helper()
	return &duel{t: t, f: servers(t), prefix: testserver.Prefix(t)}
}

// startedDuel sets the key a to v0, starts both with the configuration, and
// waits until the file ends with that line.
func startedDuel(t *testing.T, config, file, last string) *duel {
	t.Helper()
	d := newDuel(t)
	d.put("a", "v0")
	d.start(config)
	d.await(file, last)
	return d
}

// start starts both with the configuration, in which $PREFIX is the prefix of
// the duel's keys. In the environment $SIDE is "reference" or "candidate". They
// are stopped with the test.
func (d *duel) start(config string, environment ...string) {
	d.t.Helper()
	for i, p := range pair(d.t, false) {
		s := &side{program: p, dir: d.t.TempDir(), ended: make(chan struct{})}
		d.sides[i] = s
		d.write("child.sh", child, s)
		d.write("config.hcl", config, s)
		for name, text := range d.files {
			d.write(name, text, s)
		}
		s.cmd = exec.Command(p.path, "-config", "config.hcl")
		s.cmd.Dir = s.dir
		s.cmd.Env = append(d.f.environment(s.dir), "SIDE="+p.name)
		for _, variable := range environment {
			s.cmd.Env = append(s.cmd.Env, strings.ReplaceAll(variable, "$SIDE", p.name))
		}
		s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		// A file, not a pipe: Wait must not wait for what the child left behind.
		stderr, err := os.Create(filepath.Join(s.dir, "stderr"))
		if err != nil {
			d.t.Fatal(err)
		}
		s.cmd.Stderr = stderr
		if err := errors.Join(s.cmd.Start(), stderr.Close()); err != nil {
			d.t.Fatal(err)
		}
		go func() {
			s.err = s.cmd.Wait()
			close(s.ended)
		}()
		d.t.Cleanup(func() { s.stop(d.t) })
	}
	d.started = time.Now()
}

// stop ends the side, whatever state it is in.
func (s *side) stop(t *testing.T) {
	_ = s.cmd.Process.Signal(os.Interrupt)
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
	}
	_ = os.Remove(filepath.Join(s.dir, "child.sh"))
	if t.Failed() {
		t.Logf("%s said:\n%s\nand its child:\n%s", s.name, s.read("stderr"), s.read("log"))
	}
}

// write writes a file for the sides, for both if none is named.
func (d *duel) write(name, text string, only ...*side) {
	d.t.Helper()
	if len(only) == 0 {
		only = d.sides[:]
	}
	for _, s := range only {
		text := strings.ReplaceAll(strings.ReplaceAll(text, "$PREFIX", d.prefix), "$WORK", s.dir)
		path := filepath.Join(s.dir, name)
		if err := errors.Join(os.WriteFile(path+".new", []byte(text), 0o644), os.Rename(path+".new", path)); err != nil {
			d.t.Fatal(err)
		}
	}
}

// put sets a key below the duel's prefix.
func (d *duel) put(key, value string) { d.t.Helper(); d.f.put(d.t, d.prefix+key, value) }

// signal signals both. consul-template begins to listen for signals at some
// moment after it began to render, which nothing shows from outside, so this
// one step waits by the clock.
func (d *duel) signal(sig syscall.Signal) {
	d.t.Helper()
	time.Sleep(time.Until(d.started.Add(500 * time.Millisecond)))
	for _, s := range d.sides {
		if err := s.cmd.Process.Signal(sig); err != nil {
			d.t.Fatalf("signalling the %s: %v", s.name, err)
		}
	}
}

// await waits until the last line of the file is the wanted one, for both.
func (d *duel) await(file, last string) {
	d.t.Helper()
	for _, s := range d.sides {
		s.await(d.t, file, last)
	}
}

// awaitText waits until the file says exactly this, for both.
func (d *duel) awaitText(file, want string) {
	d.t.Helper()
	for _, s := range d.sides {
		began := time.Now()
		eventually(d.t, func() error {
			if got := s.read(file); got != want {
				return unlike{s.name + "'s " + file, want, got}
			}
			return nil
		})
		d.t.Logf("%s: %s is right after another %s", s.name, file, time.Since(began).Round(time.Millisecond))
	}
}

// unlike is an error that is put into words only when it is read.
type unlike struct{ what, want, got string }

func (u unlike) Error() string {
	return u.what + " never came to be what it should:\n" + udiff.Unified("want", "got", u.want, u.got)
}

func (s *side) await(t *testing.T, file, last string) {
	t.Helper()
	eventually(t, func() error {
		all := s.lines(file)
		if len(all) > 0 && all[len(all)-1] == last {
			return nil
		}
		return fmt.Errorf("%s of the %s never came to end with %q; it is %q", file, s.name, last, all)
	})
}

// statuses waits until both have ended and returns their exit statuses.
func (d *duel) statuses() (reference, candidate int) {
	d.t.Helper()
	return d.sides[0].status(d.t), d.sides[1].status(d.t)
}

func (s *side) status(t *testing.T) int {
	t.Helper()
	select {
	case <-s.ended:
		return status(s.cmd, s.err)
	case <-time.After(settleTimeout):
		t.Fatalf("the %s does not end", s.name)
		return statusTimeout
	}
}

// noMore fails the test when the candidate has more lines that begin with the
// prefix than the reference, which must have at least some.
func (d *duel) noMore(file, prefix string, some int) {
	d.t.Helper()
	n := [2]int{d.sides[0].count(file, prefix), d.sides[1].count(file, prefix)}
	if n[0] < some || n[1] > n[0] {
		d.t.Errorf("lines %q in %s: %d of the reference (at least %d expected), %d of the candidate", prefix, file, n[0], some, n[1])
	}
}

// count counts the lines of the file that begin with the prefix.
func (s *side) count(file, prefix string) (n int) {
	for _, line := range s.lines(file) {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

func (s *side) read(file string) string {
	text, _ := os.ReadFile(filepath.Join(s.dir, file))
	return string(text)
}

func (s *side) lines(file string) []string { return lines([]byte(s.read(file))) }
