package journal

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// recorded returns the text of a journal in which some sets have a past.
func recorded(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	j, _ := open(t, dir)
	j.Begin([]Change{{"a", "1", nil}, {"b", "1", nil}})
	j.Note(Committed, "a", "b")
	j.NoteUndone(true, "a")
	j.Close()
	text, err := os.ReadFile(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// whole returns what the whole lines of a text say.
func whole(text []byte) map[string]Record {
	records := make(map[string]Record)
	for line := range bytes.Lines(text) {
		var r Record
		if bytes.HasSuffix(line, []byte("\n")) && json.Unmarshal(line, &r) == nil && r.Set != "" {
			records[r.Set] = r
		}
	}
	return records
}

func TestACrashAtAnyByteOfAWriteLosesOnlyTheLastRecord(t *testing.T) {
	text := recorded(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	for n := range len(text) + 1 {
		if err := os.WriteFile(path, text[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		j, log := open(t, dir)
		if want := whole(text[:n]); !reflect.DeepEqual(j.records, want) || log.Len() > 0 {
			t.Fatalf("cut off at %d: %+v, want %+v; log %s", n, j.records, want, log)
		}
		j.Note(Healthy, "a") // goes on behind what is whole
		j.Close()
		if after, err := os.ReadFile(path); err != nil || len(whole(after)) != len(whole(text[:n])) || bytes.Count(after, []byte("\n")) < len(whole(after)) {
			t.Fatalf("cut off at %d: then %q, %v", n, after, err)
		}
	}
}

func TestADamagedLineCostsOnlyItself(t *testing.T) {
	lines := bytes.SplitAfter(recorded(t), []byte("\n"))
	for name, bad := range map[string]string{
		"garbage": "\x00\x00\x00\n", "no set": "{}\n", "another type": "[1]\n", "cut off": string(lines[0][:20]) + "\n", "empty": "\n",
		"two in one": string(lines[0][:20]) + string(lines[1]),
	} {
		dir := t.TempDir()
		text := string(lines[0]) + bad + bad + string(bytes.Join(lines[1:], nil))
		write(t, filepath.Join(dir, "journal"), text)
		j, log := open(t, dir)
		if want := whole(bytes.Join(lines, nil)); !reflect.DeepEqual(j.records, want) {
			t.Errorf("%s: %+v, want %+v", name, j.records, want)
		}
		if n := strings.Count(log.String(), "journal is damaged"); n != 1 || !strings.Contains(log.String(), "line=2") {
			t.Errorf("%s: told %d times: %s", name, n, log)
		}
		reopened(t, j)
	}
}

func TestDirectoriesThatCannotBeUsedAreErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "")
	occupied := t.TempDir()
	if err := os.Mkdir(filepath.Join(occupied, "journal"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{"below a file": filepath.Join(file, "state"), "a directory in its place": occupied} {
		if _, err := Open(dir, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "state_dir") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := Open(dir, slog.New(slog.DiscardHandler)); err != nil && strings.Contains(err.Error(), "in use") {
			t.Errorf("%s: the lock was kept: %v", name, err)
		}
	}
}

// TestAFullDiskIsToldOnceAndMadeGood fills the disk with a first version, so
// that a second one cannot be noted.
func TestAFullDiskIsToldOnceAndMadeGood(t *testing.T) {
	dir := t.TempDir()
	makeRoom := fill(t, dir)
	path := filepath.Join(t.TempDir(), "out")
	j, log := open(t, filepath.Join(dir, "state"))
	j.Begin([]Change{{"app", "v1", nil}, {"other", "v1", nil}})
	j.Note(Healthy, "app", "other")
	write(t, path, strings.Repeat("x", 15<<10))
	j.Begin([]Change{{"app", "v2", []string{path}}}) // what was there does not fit
	write(t, path, strings.Repeat("y", 40<<10))
	j.Begin([]Change{{"app", "v3", []string{path}}})
	for range 3 {
		j.Note(Committed, "app")
	}
	if n := strings.Count(log.String(), "journal cannot be written"); n == 0 {
		t.Fatalf("the full disk was not noticed: %s", log)
	}
	j.NoteUndone(true, "app")
	if r, _ := j.Record("app"); !r.IsBad("v3") || r.IsBad("v1") {
		t.Errorf("another version is to blame: %+v", r)
	}
	makeRoom()
	j.Begin([]Change{{"other", "v2", nil}})
	j.Note(Committed, "other")
	if n := strings.Count(log.String(), "journal can be written again"); n != strings.Count(log.String(), "cannot be written") {
		t.Errorf("the log says: %s", log)
	}
	j = reopened(t, j)
	if r, _ := j.Record("app"); !r.IsBad("v3") || r.Phase != Undone {
		t.Errorf("app: %+v", r)
	}
	if r, _ := j.Record("other"); r.Phase != Committed {
		t.Errorf("other: %+v", r)
	}
}

// fill leaves room for 16 KiB in dir until makeRoom is called: a small file
// system, or for users who may not mount one, a limit on the size of files.
func fill(t *testing.T, dir string) (makeRoom func()) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16k"); err == nil {
		t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
		return func() {
			if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT, "size=1m"); err != nil {
				t.Fatal(err)
			}
		}
	}
	signal.Ignore(unix.SIGXFSZ)
	t.Cleanup(func() { signal.Reset(unix.SIGXFSZ) })
	var usual unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &usual); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: 16 << 10, Max: usual.Max}); err != nil {
		t.Fatal(err)
	}
	makeRoom = func() {
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &usual); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(makeRoom)
	return makeRoom
}

// FuzzRead promises that no journal stops concierge, and that what is read of
// it can be written and is then read again.
func FuzzRead(f *testing.F) {
	f.Add(recorded(f))
	f.Add([]byte("{\"set\":\"a\",\"at\":\"0000-00-00\"}\n\n{}"))
	f.Add([]byte("{\"set\":\"\\ud800\",\"at\":\"2026-01-01T00:00:00Z\",\"before\":[{}]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, second := make(map[string]Record), make(map[string]Record)
		if _, err := read(bytes.NewReader(text), first); err != nil {
			t.Fatal(err)
		}
		again, err := linesOf(slices.Sorted(maps.Keys(first)), first)
		if err != nil {
			t.Fatal(err)
		}
		damaged, err := read(bytes.NewReader(again), second)
		if damaged > 0 || err != nil || len(first) != len(second) {
			t.Errorf("read %+v, then %+v; line %d, %v", first, second, damaged, err)
		}
	})
}
