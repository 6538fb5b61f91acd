package agent_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"concierge/internal/agent"
	"concierge/reload/journal"
)

// life starts an instance in the directory of an earlier one. It is stopped
// with the test.
func life(t *testing.T, dir string) *instance {
	t.Helper()
	i := &instance{t: t, dir: dir, log: new(buffer), signals: make(chan os.Signal, 8), done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(i.done)
		i.status, i.err = agent.Run(ctx, agent.Options{
			Load: load(dir, true), Environ: os.Environ(), Signals: i.signals,
			Log: slog.New(slog.NewTextHandler(i.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-i.done
		if t.Failed() {
			t.Logf("log of the instance:\n%s", i.log)
		}
	})
	return i
}

// lived returns a directory in which an instance with that configuration has
// applied the versions and ended.
func lived(t *testing.T, yaml string, versions ...string) string {
	t.Helper()
	i := &instance{t: t, dir: t.TempDir()}
	i.write("concierge.yaml", yaml)
	i.write("kv.yaml", "a: "+versions[0])
	i = life(t, i.dir)
	for _, v := range versions {
		i.write("kv.yaml", "a: "+v)
		i.file("out", v)
		i.logged("applied")
		eventually(t, v+" is proven", func() bool {
			b, _ := os.ReadFile(filepath.Join(i.dir, "state", "journal"))
			lines := strings.Split(strings.TrimSpace(string(b)), "\n")
			return strings.Contains(lines[len(lines)-1], `"phase":"healthy"`)
		}, i.log.String)
	}
	i.signal(syscall.SIGTERM)
	i.wait()
	_ = os.Remove(filepath.Join(i.dir, "told")) // what the others tell is new
	return i.dir
}

// interrupt makes the journal of an instance that has ended say that it was
// killed at another moment.
func interrupt(t *testing.T, dir string, note func(*journal.Journal)) {
	t.Helper()
	j, err := journal.Open(filepath.Join(dir, "state"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	note(j)
	j.Close()
}

// next lets another instance live on with a version in the store.
func next(t *testing.T, dir, version string) *instance {
	t.Helper()
	(&instance{t: t, dir: dir}).write("kv.yaml", "a: "+version)
	return life(t, dir)
}

const site = `
sources: {file: {path: DIR/kv.yaml}}
state_dir: DIR/state
rollback: {window: 300ms}
templates:
  - contents: '{{ key "a" }}'
    destination: DIR/out
    set: site
    check: {command: [sh, -c, '! grep -q refused {{path}}']}
    on_change: ACTION
sets:
  site: {health: {command: [sh, -c, '! grep -q unhealthy DIR/out'], interval: 50ms, failures: 2, grace: 100ms}}
`

// child is a site whose process notes with which version it was started.
var child = strings.ReplaceAll(site, "ACTION", "restart") + `
process: {command: [sh, -c, 'echo "$(cat DIR/out)" >>DIR/told; exec sleep 1000']}
`

// elsewhere is a site that is told by a command, which fails for a version as
// long as a file says so.
var elsewhere = strings.ReplaceAll(site, "ACTION",
	`{command: [sh, -c, '! cmp -s DIR/out DIR/deaf && echo "$(cat DIR/out)" >>DIR/told']}`)

func TestRefusedVersionDoesNotKeepTheProcessFromStarting(t *testing.T) {
	i := next(t, lived(t, child, "one"), "refused")
	i.file("told", "one\n")
	i.logged("change was not applied, the previous version stays")
	if got := i.read("out"); got != "one" {
		t.Errorf("the file says %q", got)
	}
}

func TestStartWithABadVersionIsRolledBackWhereAGoodOneIsKnown(t *testing.T) {
	i := next(t, lived(t, child, "one"), "unhealthy")
	i.file("told", "unhealthy\none\n")
	i.logged("change was rolled back, and is not tried again")
	i.file("out", "one")
}

func TestVeryFirstVersionIsKeptWhateverItsHealth(t *testing.T) {
	i := run(t, child)
	i.write("kv.yaml", "a: unhealthy")
	i.file("told", "unhealthy\n")
	i.logged("applied")
	if strings.Contains(i.log.String(), "rolled back") || i.read("out") != "unhealthy" {
		t.Error("there was nothing to go back to")
	}
}

func TestLostFilesAreNoVersionToGoOnWith(t *testing.T) {
	dir := lived(t, child, "one")
	if err := os.Remove(filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	i := next(t, dir, "refused")
	i.logged("output was not put in place, it will be tried again")
	i.write("kv.yaml", "a: two")
	i.file("told", "two\n")
}

func TestChangesOfAServerOutsideAreRolledBack(t *testing.T) {
	i := run(t, elsewhere)
	i.write("kv.yaml", "a: two")
	i.file("told", "two\n")
	i.write("kv.yaml", "a: unhealthy")
	i.file("told", "two\nunhealthy\ntwo\n")
	i.file("out", "two")
}

func TestRollBackThatWasNotToldIsToldAfterARestart(t *testing.T) {
	dir := lived(t, elsewhere, "one", "two")
	interrupt(t, dir, func(j *journal.Journal) { j.NoteUndoing(true, "not liked", "site") })
	for range 2 {
		i := next(t, dir, "two")
		i.logged("the one before it stays until it changes")
		i.file("told", "one\n") // once
		i.file("out", "one")
		i.signal(syscall.SIGTERM)
		i.wait()
	}
}

func TestHalfACommitIsPutBackAndToldThoughTheNewVersionIsRefused(t *testing.T) {
	dir := lived(t, elsewhere, "one", "two")
	interrupt(t, dir, func(j *journal.Journal) { j.Note(journal.Committing, "site") })
	i := next(t, dir, "refused")
	i.file("told", "one\n")
	i.file("out", "one")
}

func TestUnprovenVersionIsLookedAtWhenTheNewOneIsRefused(t *testing.T) {
	for phase, told := range map[journal.Phase]string{
		journal.Acted:     "one\n",
		journal.Committed: "two\none\n",
	} {
		// Its health is only found out now.
		dir := lived(t, elsewhere, "one", "two")
		b, err := os.ReadFile(filepath.Join(dir, "concierge.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		(&instance{t: t, dir: dir}).write("concierge.yaml", strings.ReplaceAll(string(b), "grep -q unhealthy", "grep -q two"))
		interrupt(t, dir, func(j *journal.Journal) { j.Note(phase, "site") })
		i := next(t, dir, "refused")
		i.file("told", told)
		i.file("out", "one")
		i.logged("change was rolled back, and is not tried again")
		i.write("kv.yaml", "a: three")
		i.file("told", told+"three\n")
	}
}

func TestActionThatFailedAfterARollBackIsTriedAgain(t *testing.T) {
	dir := lived(t, elsewhere, "one")
	i := &instance{t: t, dir: dir}
	i.write("deaf", "one")
	i = next(t, dir, "unhealthy")
	i.logged("action after a roll-back failed, it will be tried again")
	i.file("out", "one")
	if got := i.read("told"); got != "unhealthy\n" {
		t.Errorf("told %q", got)
	}
	if err := os.Remove(filepath.Join(dir, "deaf")); err != nil {
		t.Fatal(err)
	}
	i.file("told", "unhealthy\none\n")
}

func TestUnprovenVersionOfADirectoryGoesBackBehindANewerBadOne(t *testing.T) {
	tree := strings.ReplaceAll(strings.ReplaceAll(elsewhere, "DIR/out", "DIR/tree/out"), "sets:\n  site: {", "sets:\n  site: {directory: DIR/tree, ")
	link := func(dir string) { // where the other parts look for it
		if err := os.Symlink("tree/out", filepath.Join(dir, "out")); err != nil && !os.IsExist(err) {
			t.Fatal(err)
		}
	}
	i := &instance{t: t, dir: t.TempDir()}
	link(i.dir)
	i.write("concierge.yaml", tree)
	i.write("kv.yaml", "a: one")
	i = life(t, i.dir)
	for _, v := range []string{"one", "two"} {
		i.write("kv.yaml", "a: "+v)
		i.file("out", v)
	}
	i.file("told", "one\ntwo\n")
	i.signal(syscall.SIGTERM)
	i.wait()
	// Twice: then the one that is good is older than the one before.
	interrupt(t, i.dir, func(j *journal.Journal) { j.Note(journal.Acted, "site") })
	i = next(t, i.dir, "three")
	i.file("told", "one\ntwo\nthree\n")
	i.signal(syscall.SIGTERM)
	i.wait()
	interrupt(t, i.dir, func(j *journal.Journal) { j.Note(journal.Acted, "site") })
	i = next(t, i.dir, "unhealthy")
	i.file("told", "one\ntwo\nthree\nunhealthy\none\n")
	i.file("out", "one")
}

func TestServerThatMissesTheRollBackIsToldOnceMore(t *testing.T) {
	// The third time it does not listen.
	deaf := `{command: [sh, -c, 'echo >>DIR/calls; test $(wc -l <DIR/calls) = 3 || cp DIR/out DIR/served']}`
	i := run(t, strings.ReplaceAll(strings.ReplaceAll(site, "ACTION", deaf), "grep -q unhealthy DIR/out", "grep -q unhealthy DIR/served"))
	i.write("kv.yaml", "a: one")
	i.file("served", "one")
	i.write("kv.yaml", "a: unhealthy")
	i.file("served", "unhealthy")
	i.file("served", "one")
	i.logged("not healthy after the roll-back, everybody is told once more")
	i.logged("change was rolled back, and is not tried again")
	if got := i.read("calls"); got != "\n\n\n\n" {
		t.Errorf("it was told %d times, want 4", len(got))
	}
}
