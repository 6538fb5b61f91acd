package reload

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"concierge/reload/board"
	"concierge/reload/job"
	"concierge/reload/journal"
	"concierge/reload/probe"
	"concierge/reload/process"
	"concierge/render/output"
)

// bench is a supervisor with real files, a journal and a process that reads
// one of the files. It ends with the test.
type bench struct {
	*Supervisor
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

// newBench returns one whose process was started with the configuration "v1".
func newBench(t *testing.T, change ...func(*Process)) *bench {
	t.Helper()
	b := emptyBench(t)
	p := b.app(change...)
	if r := b.Apply(t.Context(), Generation{Process: &p, Window: window, Sets: []Set{b.set("conf", "v1")}}); r.StartErr != nil || r.Results[0].Err != nil {
		t.Fatalf("%+v", r)
	}
	b.file("events", "start v1\n")
	return b
}

func emptyBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), log: new(lines)}
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	children, told := process.NewChildren(log), board.New(nil, nil)
	kept, err := journal.Open(filepath.Join(t.TempDir(), "state"), log)
	if err != nil {
		t.Fatal(err)
	}
	b.Supervisor = New(Options{Log: log, Children: children, Jobs: job.NewGroup(children, told, log), Journal: kept, Board: told})
	t.Cleanup(func() {
		b.Jobs.Kill()
		b.Jobs.Shutdown(time.Time{})
		b.Jobs.Close()
		children.Close()
		kept.Close()
		if t.Failed() {
			t.Logf("log:\n%s", b.log)
		}
	})
	return b
}

// window is how long changes are watched in tests.
const window = time.Second

// application logs its starts and reloads, with the configuration it reads
// then, and is as well as that says.
const applicationScript = `
load() {
	c="$(cat conf)$V"; echo "$1 $c" >>events
	case $c in *die*) exit 3;; *done*) exit 0;; esac
	echo "$c" >state.new; mv state.new state
}
trap 'load reload' HUP
load start
while :; do sleep 0.02; done
`

// app is a process that is told of changes by HUP.
func (b *bench) app(change ...func(*Process)) Process {
	p := shell(applicationScript)
	p.Plan.Spec.Dir, p.Plan.Health, p.Reload = b.dir, b.without("bad", "state"), Reload{Signal: syscall.SIGHUP}
	p.Plan.Restart = job.Policy{When: job.Never}
	for _, c := range change {
		c(&p)
	}
	return p
}

// without is a check that asks whether a file lacks a word.
func (b *bench) without(word, file string) *job.Check {
	return &job.Check{
		Probe: probe.Exec{Command: []string{"sh", "-c", "! grep -q " + word + " " + file}, Dir: b.dir, Env: os.Environ(), Runner: b.Children},
		Thresholds: probe.Thresholds{
			Grace: 500 * time.Millisecond, Interval: probe.Closest, Timeout: 10 * time.Second, Failures: 2, Successes: 1,
		},
	}
}

// set is a set of one file, of which the process is told. Its digest is its
// content.
func (b *bench) set(name, content string) Set {
	path := filepath.Join(b.dir, name)
	return Set{
		Name: name, Digest: content, Watch: Watch{Window: window},
		Outputs: []Output{{File: file{path, content}, Path: path, OnChange: []Action{{Kind: ReloadProcess}}}},
	}
}

// file is a file with that content.
type file struct{ path, content string }

func (f file) Stage() (Staged, error) {
	return output.Stage(output.Target{Path: f.path}, []byte(f.content))
}

// apply applies sets with nothing else.
func (b *bench) apply(sets ...Set) Report {
	b.t.Helper()
	return b.Apply(b.t.Context(), Generation{Sets: sets, Window: window, CommandEnv: os.Environ()})
}

func (b *bench) read(name string) string {
	text, _ := os.ReadFile(filepath.Join(b.dir, name))
	return string(text)
}

// file waits until a file has that content.
func (b *bench) file(name, want string) {
	b.t.Helper()
	eventually(b.t, name+" says "+want+"; log: "+b.log.String(), func() bool { return b.read(name) == want })
}

// told returns what happened to a thing.
func (b *bench) told(name string) []string {
	all, _ := b.Board.Since(0)
	var what []string
	for _, e := range all {
		if e.Name == name {
			what = append(what, e.What)
		}
	}
	return what
}

// expect compares what happened to a set.
func (b *bench) expect(name string, want ...string) {
	b.t.Helper()
	if got := b.told(name); !slices.Equal(got, want) {
		b.t.Errorf("told of %s: %v, want %v", name, got, want)
	}
}

// phase compares what the journal knows of a set.
func (b *bench) phase(set string, want journal.Phase, digest string, bad ...string) {
	b.t.Helper()
	if r, _ := b.Journal.Record(set); r.Phase != want || r.Digest != digest || !slices.Equal(r.Bad, bad) {
		b.t.Errorf("the journal says %+v, want %s %s, bad %v", r, want, digest, bad)
	}
}

// running fails unless the process runs and nobody was told of an end.
func (b *bench) running() {
	b.t.Helper()
	if !b.Running() {
		b.t.Error("the process does not run")
	}
	select {
	case end := <-b.Jobs.Ends():
		b.t.Errorf("ended: %+v", end)
	default:
	}
}

// asked is a probe that does something, for what no program can do in time.
type asked func(ctx context.Context) error

func (a asked) Probe(ctx context.Context) error { return a(ctx) }

// checkOf makes a check that decides at the first failure.
func checkOf(p probe.Probe) job.Check {
	return job.Check{Probe: p, Thresholds: probe.Thresholds{Interval: probe.Closest, Timeout: 10 * time.Second, Failures: 1, Successes: 1}}
}
