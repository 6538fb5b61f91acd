package agent_test

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"concierge/reload/journal"
)

// picky is a process that logs what it reads at its start and at each reload,
// and is as well as that says.
const picky = `
process:
  command:
    - sh
    - -c
    - |
      load() { c="$(cat DIR/out)$V"; echo "$1 $c" >>DIR/events; echo "$c" >DIR/state.new; mv DIR/state.new DIR/state; }
      trap 'load reload' HUP
      trap 'exit 0' TERM
      load start
      while :; do sleep 0.02; done
  reload: {signal: HUP}
  health: {command: [sh, -c, '! grep -q bad DIR/state'], grace: 500ms, interval: 50ms, failures: 2}
rollback: {window: 1s}
`

// one is a configuration with one file and a memory.
const one = `
state_dir: DIR/memory
sources: {file: {path: DIR/kv.yaml}}
templates: [{contents: '{{ key "a" }}', destination: DIR/out}]
`

// slow makes the health check take its time, so that a change is still being
// watched when something else happens.
func slow(yaml string) string {
	return strings.NewReplacer("failures: 2", "failures: 100", "window: 1s", "window: 1h").Replace(yaml)
}

// stop ends an instance in an orderly way.
func (i *instance) stop() {
	i.t.Helper()
	i.signal(syscall.SIGTERM)
	if status := i.wait(); status != 0 {
		i.t.Errorf("status %d, %v", status, i.err)
	}
}

// expect compares a file with what it must say now.
func (i *instance) expect(name, want string) {
	i.t.Helper()
	if got := i.read(name); got != want {
		i.t.Errorf("%s says %q, want %q", name, got, want)
	}
}

func TestKnownBadVersionIsNotAppliedAgainAlsoAfterReloadAndRestart(t *testing.T) {
	t.Parallel()
	i := run(t, one+picky)
	i.write("kv.yaml", "a: v1")
	i.file("events", "start v1\n")
	i.write("kv.yaml", "a: bad")
	i.logged("change was rolled back, and is not tried again until it changes")
	const so = "start v1\nreload bad\nreload v1\n"
	i.file("events", so)
	i.write("concierge.yaml", one+picky+"log: {level: debug}\n")
	i.signal(syscall.SIGHUP)
	i.logged("configuration reloaded")
	i.stop()
	i.expect("events", so)

	i = runIn(t, i.dir, one+picky)
	i.file("events", so+"start v1\n")
	i.logged("this version was rolled back before, the one before it stays until it changes")
	i.write("kv.yaml", "a: v2")
	i.file("events", so+"start v1\nreload v2\n")
	i.stop()
}

func TestKnownBadVersionIsBetterThanNone(t *testing.T) {
	t.Parallel()
	i := run(t, one+picky)
	i.write("kv.yaml", "a: v1")
	i.file("events", "start v1\n")
	i.write("kv.yaml", "a: bad")
	i.logged("change was rolled back, and is not tried again")
	i.stop()
	if err := os.Remove(filepath.Join(i.dir, "out")); err != nil { // as a new container without its files
		t.Fatal(err)
	}
	i = runIn(t, i.dir, one+picky)
	i.file("events", "start v1\nreload bad\nreload v1\nstart bad\n")
	i.logged("there is no other one in place")
}

// both are the ways in which the files of a set are put in place.
var both = map[string]string{"files": "", "directory": "sets: {app: {directory: DIR/app}}\n"}

const two = `
state_dir: DIR/memory
sources: {file: {path: DIR/kv.yaml}}
templates:
  - {contents: '{{ key "a" }}', destination: DIR/app/one, set: app}
  - {contents: '{{ key "a" }}', destination: DIR/app/two, set: app}
`

// pickyTwo reads two files, which have to belong together.
var pickyTwo = strings.ReplaceAll(picky, "$(cat DIR/out)", "$(cat DIR/app/one) $(cat DIR/app/two)")

// TestUnprovenVersionIsRolledBackAfterARestart ends concierge while it watches
// a change. The next one finds out that the version is bad.
func TestUnprovenVersionIsRolledBackAfterARestart(t *testing.T) {
	t.Parallel()
	for name, layout := range both {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := run(t, two+layout+slow(pickyTwo))
			i.write("kv.yaml", "a: v1")
			i.file("events", "start v1 v1\n")
			i.write("kv.yaml", "a: bad")
			i.file("events", "start v1 v1\nreload bad bad\n")
			i.stop()
			i.expect("app/one", "bad") // nobody has found it to be so yet

			i = runIn(t, i.dir, two+layout+pickyTwo)
			i.logged("change was rolled back, and is not tried again until it changes")
			const so = "start v1 v1\nreload bad bad\nstart bad bad\nstart v1 v1\n"
			i.file("events", so)
			i.stop()

			i = runIn(t, i.dir, two+layout+pickyTwo) // and the next one knows
			i.file("events", so+"start v1 v1\n")
			i.write("kv.yaml", "a: v2")
			i.file("events", so+"start v1 v1\nreload v2 v2\n")
			i.expect("app/one", "v2")
			i.expect("app/two", "v2")
		})
	}
}

func TestUnprovenVersionThatIsFineIsProvenAfterARestart(t *testing.T) {
	t.Parallel()
	i := run(t, one+slow(picky))
	i.write("kv.yaml", "a: v1")
	i.file("events", "start v1\n")
	i.write("kv.yaml", "a: v2")
	i.file("events", "start v1\nreload v2\n")
	i.stop()
	i = runIn(t, i.dir, one+picky)
	i.file("events", "start v1\nreload v2\nstart v2\n")
	i.remembered("DIR/out", journal.Healthy)
}

// remembered waits until the journal of the instance, which goes on, says so.
func (i *instance) remembered(set string, want journal.Phase) {
	i.t.Helper()
	set = strings.ReplaceAll(set, "DIR", i.dir)
	eventually(i.t, set+" is "+string(want), func() bool {
		phase := ""
		for line := range strings.Lines(i.read("memory/journal")) {
			if strings.Contains(line, `"set":"`+set+`"`) {
				_, rest, _ := strings.Cut(line, `"phase":"`)
				phase, _, _ = strings.Cut(rest, `"`)
			}
		}
		return phase == string(want)
	}, func() string { return i.read("memory/journal") })
}

// TestInterruptedCommitIsMadeWhole leaves what a crash leaves between the
// renames of two files: the first is new.
func TestInterruptedCommitIsMadeWhole(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]string{"rename": "rename", "in place": "in_place", "follow": "follow"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			yaml := strings.ReplaceAll(two, "set: app}", "set: app, write: "+write+"}") + pickyTwo
			i := run(t, yaml)
			i.write("kv.yaml", "a: v1")
			i.file("events", "start v1 v1\n")
			i.remembered("app", journal.Healthy)
			i.stop()
			first, second := filepath.Join(i.dir, "app/one"), filepath.Join(i.dir, "app/two")
			inode := inodeOf(t, first)
			j, err := journal.Open(filepath.Join(i.dir, "memory"), slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			j.Begin([]journal.Change{{Set: "app", Digest: "x", Paths: []string{first, second}}})
			j.Close()
			i.write("app/one", "half")
			i.write("kv.yaml", "b: the key is gone") // so that nothing is rendered

			i = runIn(t, i.dir, yaml)
			i.logged("concierge was interrupted while it put a set in place; the version before is back")
			i.expect("app/one", "v1")
			i.expect("app/two", "v1")
			if same := inodeOf(t, first) == inode; same != (write == "in_place") {
				t.Errorf("the file was written in place: %t", same)
			}
		})
	}
}

func inodeOf(t *testing.T, path string) uint64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Ino
}

func TestLinkThatIsFollowedIsRolledBackBehindIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("real", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	yaml := strings.Replace(one, "destination: DIR/out", "destination: DIR/out, write: follow", 1)
	i := runIn(t, dir, yaml+slow(picky))
	i.write("kv.yaml", "a: v1")
	i.file("events", "start v1\n")
	i.write("kv.yaml", "a: bad")
	i.file("events", "start v1\nreload bad\n")
	i.stop()
	i = runIn(t, dir, yaml+picky)
	i.file("events", "start v1\nreload bad\nstart bad\nstart v1\n")
	i.expect("real", "v1")
	if to, err := os.Readlink(filepath.Join(dir, "out")); to != "real" || err != nil {
		t.Errorf("the link is %q, %v", to, err)
	}
}

func TestOwedActionIsDoneAfterARestart(t *testing.T) {
	t.Parallel()
	const yaml = `
state_dir: DIR/memory
sources: {file: {path: DIR/kv.yaml}}
templates:
  - contents: '{{ key "a" }}'
    destination: DIR/out
    on_change: {command: [sh, -c, 'echo >>DIR/tries; test -e DIR/ready && cat DIR/out >>DIR/told']}
process: {command: [sh, -c, 'while :; do sleep 0.02; done'], stop: {signal: KILL}}
`
	i := run(t, yaml)
	i.write("kv.yaml", "a: v1")
	i.logged("action after a change failed, it will be tried again")
	i.signal(syscall.SIGTERM)
	i.wait()
	i.write("ready", "")
	i = runIn(t, i.dir, yaml)
	i.file("told", "v1")
	i.remembered("DIR/out", journal.Healthy)
	i.signal(syscall.SIGTERM)
	i.wait()
	i = runIn(t, i.dir, yaml)
	i.logged("process started")
	i.expect("told", "v1")
}

// TestTheGuiltyOneOfSeveralIsFound changes two files and the environment at
// once, of which one is bad.
func TestTheGuiltyOneOfSeveralIsFound(t *testing.T) {
	t.Parallel()
	const yaml = `
sources: {file: {path: DIR/kv.yaml}}
templates:
  - {contents: '{{ key "a" }}', destination: DIR/out}
  - {contents: '{{ key "b" }}', destination: DIR/other}
env: [{name: V, value: ' {{ key "v" }}'}]
` + picky
	for guilty, c := range map[string]struct{ kv, out, env string }{
		"file":        {"a: bad\nb: new\nv: new\n", "old", "new"},
		"environment": {"a: new\nb: new\nv: bad\n", "new", "old"},
	} {
		t.Run(guilty, func(t *testing.T) {
			t.Parallel()
			i := run(t, yaml)
			i.write("kv.yaml", "a: old\nb: old\nv: old\n")
			i.file("events", "start old old\n")
			i.write("kv.yaml", c.kv)
			i.logged("it will be tried alone")
			i.file("other", "new")
			eventually(t, "the rest is applied", func() bool {
				return strings.HasSuffix(i.read("events"), " "+c.out+" "+c.env+"\n") && i.read("out") == c.out &&
					strings.Contains(i.log.String(), "until it")
			}, func() string { return i.read("events") })
			i.signal(syscall.SIGHUP) // a configuration that is the same changes nothing
			i.logged("configuration reloaded")
			before := i.read("events")
			i.write("kv.yaml", c.kv+"c: unused\n")
			i.stop()
			i.expect("events", before)
		})
	}
}

func TestVersionOfTheWindowIsAppliedAfterIt(t *testing.T) {
	t.Parallel()
	i := run(t, one+picky)
	i.write("kv.yaml", "a: v1")
	i.file("events", "start v1\n")
	i.write("kv.yaml", "a: bad")
	i.file("events", "start v1\nreload bad\n")
	i.write("kv.yaml", "a: v2")
	i.file("events", "start v1\nreload bad\nreload v1\nreload v2\n")
	i.write("kv.yaml", "a: v3")
	i.file("events", "start v1\nreload bad\nreload v1\nreload v2\nreload v3\n")
}

func TestChangesWithoutAProcessAreRolledBack(t *testing.T) {
	t.Parallel()
	i := run(t, `
sources: {file: {path: DIR/kv.yaml}}
templates: [{contents: '{{ key "a" }}', destination: DIR/out, set: app, on_change: {command: [sh, -c, 'cat DIR/out >>DIR/events; echo >>DIR/events']}}]
sets: {app: {health: {command: [sh, -c, '! grep -q bad DIR/out'], interval: 50ms, failures: 1}}}
rollback: {window: 1s}
`)
	i.write("kv.yaml", "a: v1")
	i.file("events", "v1\n")
	i.write("kv.yaml", "a: bad")
	i.logged("change was rolled back, and is not tried again until it changes")
	i.expect("events", "v1\nbad\nv1\n")
}

func TestStateDirectoryThatCannotBeUsedIsToldAtTheStart(t *testing.T) {
	t.Parallel()
	i := run(t, strings.Replace(one, "DIR/memory", "DIR/concierge.yaml/memory", 1)+picky)
	if status := i.wait(); status != 14 || !strings.Contains(i.err.Error(), "state_dir") {
		t.Errorf("status %d, %v", status, i.err)
	}
	first := run(t, one+picky)
	first.write("kv.yaml", "a: v1")
	first.file("events", "start v1\n")
	second := runIn(t, first.dir, one+picky)
	if status := second.wait(); status != 14 || !strings.Contains(second.err.Error(), "another concierge") {
		t.Errorf("status %d, %v", status, second.err)
	}
}

func TestStopWithinTheWindowIsQuick(t *testing.T) {
	t.Parallel()
	for _, signals := range []int{1, 2} {
		i := run(t, one+slow(strings.Replace(picky, "trap 'exit 0' TERM", "trap '"+map[int]string{1: "exit 0", 2: ""}[signals]+"' TERM", 1)))
		i.write("kv.yaml", "a: v1")
		i.file("events", "start v1\n")
		i.write("kv.yaml", "a: v2")
		i.file("events", "start v1\nreload v2\n")
		begun := time.Now()
		i.signal(syscall.SIGTERM)
		if signals == 2 {
			i.logged("msg=stopping")
			i.signal(syscall.SIGTERM)
		}
		if status, want := i.wait(), map[int]int{1: 0, 2: 137}[signals]; status != want || time.Since(begun) > 5*time.Second {
			t.Errorf("%d signals: status %d after %s", signals, status, time.Since(begun))
		}
		i.expect("out", "v2")
		if strings.Contains(i.log.String(), "rolled back") {
			t.Error("the change was rolled back by the stop")
		}
	}
}
