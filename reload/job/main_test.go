package job

import (
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"concierge/reload/board"
	"concierge/reload/probe"
	"concierge/reload/process"
)

// testPatience is how long tests wait for what must happen.
const testPatience = 20 * time.Second

// bench is a group with a directory for what its programs write. It ends with
// the test, and must not leave a goroutine behind.
type bench struct {
	*Group
	t   *testing.T
	dir string
	log *lines
}

// lines is a log for many writers.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}
func (l *lines) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.text.String() }

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), log: new(lines)}
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	children := process.NewChildren(log)
	b.Group = NewGroup(children, board.New(nil, nil), log)
	t.Cleanup(func() {
		b.Kill()
		b.Shutdown(time.Time{})
		b.Close()
		children.Close()
		expectNoGoroutines(t)
		if t.Failed() {
			t.Logf("events: %v\nlog:\n%s", b.events(""), b.log)
		}
	})
	return b
}

// expectNoGoroutines waits until nothing of the package runs besides tests.
func expectNoGoroutines(t *testing.T) {
	t.Helper()
	var left string
	for deadline := time.Now().Add(testPatience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		all := make([]byte, 1<<20)
		left = ""
		for stack := range strings.SplitSeq(string(all[:runtime.Stack(all, true)]), "\n\n") {
			if strings.Contains(stack, "concierge/reload/") && !strings.Contains(stack, "testing.") {
				left += stack + "\n\n"
			}
		}
		if left == "" {
			return
		}
	}
	t.Errorf("goroutines were left behind:\n%s", left)
}

// path is a file of the bench.
func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) read(name string) string {
	text, _ := os.ReadFile(b.path(name))
	return string(text)
}

func (b *bench) write(name string) {
	b.t.Helper()
	if err := os.WriteFile(b.path(name), nil, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) remove(name string) {
	b.t.Helper()
	if err := os.Remove(b.path(name)); err != nil {
		b.t.Fatal(err)
	}
}

// plan is a service that runs a script in the directory of the bench, and is
// restarted at once.
func (b *bench) plan(name, script string, change ...func(*Plan)) Plan {
	p := Plan{Name: name, Kind: Service, Spec: process.Spec{
		Command: []string{"sh", "-c", script}, Dir: b.dir, Env: []string{"PATH=" + os.Getenv("PATH")},
		Stop: process.Stop{Signal: syscall.SIGTERM, Timeout: testPatience},
	}, Restart: Policy{When: Always, Delay: time.Millisecond, MaxDelay: 5 * time.Millisecond, Reset: time.Hour, Window: time.Hour, Limit: 1000}}
	for _, c := range change {
		c(&p)
	}
	return p
}

// forever runs until it is asked to end, quickly then.
const forever = "while :; do sleep 0.02; done"

func once(p *Plan)  { p.Kind, p.Restart.When = Once, Never }
func never(p *Plan) { p.Restart.When = Never }

func needs(name string, c Condition) func(*Plan) {
	return func(p *Plan) {
		if p.Needs == nil {
			p.Needs = make(map[string]Condition)
		}
		p.Needs[name] = c
	}
}

// exists is a check that asks whether a file of the bench exists.
func (b *bench) exists(name string) *Check {
	return &Check{
		Probe:      probe.Exec{Command: []string{"test", "-e", b.path(name)}, Env: []string{"PATH=" + os.Getenv("PATH")}, Runner: b.children},
		Thresholds: probe.Thresholds{Interval: probe.Closest, Timeout: testPatience, Failures: 1, Successes: 1},
	}
}

// until waits until ok, which is asked after every change of a job.
func (b *bench) until(what string, ok func() bool) {
	b.t.Helper()
	deadline := time.NewTimer(testPatience)
	defer deadline.Stop()
	for {
		changed := b.Changed()
		if ok() {
			return
		}
		select {
		case <-changed:
		case <-time.After(5 * time.Millisecond): // for what no job tells
		case <-deadline.C:
			b.t.Fatalf("never happened: %s; jobs: %+v", what, b.Status())
		}
	}
}

// state waits until a job is in a state, and returns its status.
func (b *bench) state(name string, want State) (s Status) {
	b.t.Helper()
	b.until(name+" is "+string(want), func() bool {
		j, err := b.Find(name)
		if err == nil {
			s = j.Status()
		}
		return err == nil && s.State == want
	})
	return s
}

func (b *bench) status(name string) Status {
	b.t.Helper()
	j, err := b.Find(name)
	if err != nil {
		b.t.Fatal(err)
	}
	return j.Status()
}

// file waits until a file has that content.
func (b *bench) file(name, want string) {
	b.t.Helper()
	b.until(name+" says "+want+" and not "+b.read(name), func() bool { return b.read(name) == want })
}

// events returns what happened to a job, or to all of them.
func (b *bench) events(name string) []string {
	all, _ := b.board.Since(0)
	var what []string
	for _, e := range all {
		if e.Name == name {
			what = append(what, e.What)
		} else if name == "" {
			what = append(what, e.Name+" "+e.What)
		}
	}
	return what
}

// happened waits until this has happened to a job, from its beginning.
func (b *bench) happened(name string, want ...string) {
	b.t.Helper()
	b.until(strings.Join(want, ", "), func() bool {
		events := b.events(name)
		return len(events) >= len(want) && slices.Equal(events[:len(want)], want)
	})
}
