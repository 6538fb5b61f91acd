package journal

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// open opens a journal that is closed with the test. Its log is returned.
func open(t testing.TB, dir string) (*Journal, *bytes.Buffer) {
	t.Helper()
	log := new(bytes.Buffer)
	j, err := Open(dir, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	return j, log
}

// reopened is what another instance knows after this one has ended.
func reopened(t testing.TB, j *Journal) *Journal {
	t.Helper()
	j.Close()
	next, log := open(t, j.dir)
	if log.Len() > 0 {
		t.Errorf("the journal is not whole: %s", log)
	}
	return next
}

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o640); err != nil {
		t.Fatal(err)
	}
}

// expect compares what is known of a set, without the times.
func expect(t testing.TB, j *Journal, want Record) {
	t.Helper()
	got, known := j.Record(want.Set)
	got.At = want.At
	for i := range got.Before {
		got.Before[i].UID, got.Before[i].GID, got.Before[i].Mode, got.Before[i].Sum = 0, 0, 0, ""
	}
	if !known || !reflect.DeepEqual(got, want) {
		t.Errorf("known: %+v, want %+v", got, want)
	}
}

func TestPhasesOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	j, _ := open(t, filepath.Join(dir, "state"))
	j.Begin([]Change{{"app", "v1", []string{path}}})
	j = reopened(t, j)
	expect(t, j, Record{Set: "app", Digest: "v1", Phase: Committing, Before: []File{{Path: path, Absent: true}}})
	j.Note(Committed, "app", "unknown")
	j = reopened(t, j)
	expect(t, j, Record{Set: "app", Digest: "v1", Phase: Committed, Before: []File{{Path: path, Absent: true}}})
	if _, known := j.Record("unknown"); known {
		t.Error("a set that was never put in place is known")
	}
	j.Note(Healthy, "app")
	write(t, path, "v1")
	j.Begin([]Change{{"app", "v2", []string{path}}})
	j = reopened(t, j)
	expect(t, j, Record{Set: "app", Digest: "v2", Phase: Committing, BeforeDigest: "v1", Before: []File{{Path: path}}})
	j.NoteUndone(true, "app")
	j = reopened(t, j)
	expect(t, j, Record{Set: "app", Digest: "v1", Phase: Undone, Bad: []string{"v2"}})
	if r, _ := j.Record("app"); !r.IsBad("v2") || r.IsBad("v1") || time.Since(r.At) > time.Minute {
		t.Errorf("record %+v", r)
	}
}

func TestContentsAreKeptAsTheyWere(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "out"), filepath.Join(dir, "link")
	write(t, path, "one")
	if err := os.Symlink("out", link); err != nil {
		t.Fatal(err)
	}
	j, _ := open(t, filepath.Join(dir, "state"))
	j.Begin([]Change{{"app", "v2", []string{path, link}}})
	write(t, path, "two")
	j = reopened(t, j)
	r, _ := j.Record("app")
	if content, err := j.Content(r.Before[0]); string(content) != "one" || err != nil {
		t.Errorf("content %q, %v", content, err)
	}
	if f := r.Before[0]; f.Mode != 0o640 || f.UID != os.Getuid() || f.GID != os.Getgid() {
		t.Errorf("file %+v", f)
	}
	if f := r.Before[1]; f.Link != "out" || f.Sum != "" {
		t.Errorf("link %+v", f)
	}
	for _, name := range []string{"", "journal", "lock", keptName, filepath.Join(keptName, r.Before[0].Sum)} {
		if info, err := os.Stat(filepath.Join(j.Dir(), name)); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%q can be read by others: %v %v", name, info.Mode(), err)
		}
	}
}

func TestDamagedContentIsAnErrorAndIsRepaired(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	write(t, path, "one")
	j, _ := open(t, filepath.Join(dir, "state"))
	j.Begin([]Change{{"app", "v2", []string{path}}})
	r, _ := j.Record("app")
	kept := filepath.Join(j.dir, keptName, r.Before[0].Sum)
	write(t, kept, "eno")
	if _, err := j.Content(r.Before[0]); err == nil || !strings.Contains(err.Error(), path+" is damaged") {
		t.Errorf("error %v", err)
	}
	j.Begin([]Change{{"other", "v2", []string{path}}})
	if content, err := j.Content(r.Before[0]); string(content) != "one" || err != nil {
		t.Errorf("content %q, %v", content, err)
	}
}

// TestUnprovenVersionsKeepWhatIsProven puts three versions in place of which
// only the first was found healthy, each with other files.
func TestUnprovenVersionsKeepWhatIsProven(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	paths := func(names ...string) (all []string) {
		for _, n := range names {
			all = append(all, path(n))
		}
		return all
	}
	for _, name := range []string{"a", "b", "c"} {
		write(t, path(name), name+"1")
	}
	j, _ := open(t, path("state"))
	j.Begin([]Change{{"app", "v1", nil}})
	j.Note(Healthy, "app")
	j.Begin([]Change{{"app", "v2", paths("a", "b")}})
	j.Note(Acted, "app")
	write(t, path("a"), "a2")
	write(t, path("b"), "b2")
	j = reopened(t, j)
	j.Begin([]Change{{"app", "v3", paths("a", "c")}})
	j = reopened(t, j)
	r, _ := j.Record("app")
	if r.Digest != "v3" || r.BeforeDigest != "v1" || len(r.Before) != 3 {
		t.Fatalf("record %+v", r)
	}
	for i, name := range []string{"a", "b", "c"} {
		if content, err := j.Content(r.Before[i]); r.Before[i].Path != path(name) || string(content) != name+"1" {
			t.Errorf("%+v: %q, %v", r.Before[i], content, err)
		}
	}
}

func TestWhatIsBadIsRememberedUntilItIsFoundHealthy(t *testing.T) {
	j, _ := open(t, t.TempDir())
	try := func(digest string) { j.Begin([]Change{{"app", digest, nil}}) }
	for n := range 2 * badMax {
		try(fmt.Sprint("v", n))
		j.NoteUndone(true, "app")
	}
	try("fine")
	j.NoteUndone(false, "app")
	r, _ := j.Record("app")
	if len(r.Bad) != badMax || r.IsBad("fine") || r.IsBad("v0") || !r.IsBad(fmt.Sprint("v", 2*badMax-1)) {
		t.Errorf("bad: %v", r.Bad)
	}
	last := r.Bad[len(r.Bad)-1]
	try(last)
	j.Note(Healthy, "app")
	if r, _ := j.Record("app"); r.IsBad(last) || len(r.Bad) != badMax-1 {
		t.Errorf("bad: %v", r.Bad)
	}
}

func TestNothingIsRememberedWithoutAJournal(t *testing.T) {
	var j *Journal
	j.Begin([]Change{{"app", "v1", []string{"/"}}})
	j.Note(Committed, "app")
	j.NoteUndone(true, "app")
	if _, known := j.Record("app"); known || j.Dir() != "" {
		t.Error("something is known")
	}
	j.Close()
}

func TestDirectoryBelongsToOneInstance(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, dir)
	_, err := Open(dir, slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "in use by another concierge") || !strings.Contains(err.Error(), "state_dir") {
		t.Errorf("a second instance: %v", err)
	}
	reopened(t, j)
}

// TestManyInstancesOfSets remembers 3,000 sets, which change one by one.
func TestManySetsStaySmallOnDisk(t *testing.T) {
	dir := t.TempDir()
	j, _ := open(t, filepath.Join(dir, "state"))
	var all []Change
	for n := range 3000 {
		all = append(all, Change{fmt.Sprint("set ", n), "v1", []string{filepath.Join(dir, fmt.Sprint("out", n))}})
	}
	j.Begin(all)
	var names []string
	for _, c := range all {
		names = append(names, c.Set)
	}
	for _, phase := range []Phase{Committed, Acted, Healthy, Acted, Healthy, Acted, Healthy} {
		j.Note(phase, names...)
	}
	size := func() int64 {
		info, err := os.Stat(j.path())
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	if least := j.least; size() > max(sizeMax, 2*least)+least {
		t.Errorf("the file has %d bytes, %d would do", size(), least)
	}
	begun := time.Now()
	for n := range 300 {
		j.Note(Acted, names[n])
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("a note took %s", took/300)
	}
	j = reopened(t, j)
	for n, name := range names {
		want := Healthy
		if n < 300 {
			want = Acted
		}
		if r, known := j.Record(name); !known || r.Phase != want || len(r.Before) != 1 {
			t.Fatalf("record %+v, %t", r, known)
		}
	}
}

func TestOneOldVersionIsKept(t *testing.T) {
	dir := t.TempDir()
	path, other := filepath.Join(dir, "out"), filepath.Join(dir, "other")
	j, _ := open(t, filepath.Join(dir, "state"))
	kept := func() []string {
		entries, err := os.ReadDir(filepath.Join(j.dir, keptName))
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, e := range entries {
			b, _ := os.ReadFile(filepath.Join(j.dir, keptName, e.Name()))
			texts = append(texts, string(b))
		}
		return slices.Sorted(slices.Values(texts))
	}
	write(t, other, "0") // the same content as a version of the other set
	j.Begin([]Change{{"other", "v1", []string{other}}})
	for n := range 20 {
		write(t, path, fmt.Sprint(n))
		j.Begin([]Change{{"app", fmt.Sprint("v", n+1), []string{path}}})
		j.Note(Healthy, "app")
	}
	if got := kept(); !slices.Equal(got, []string{"0", "19"}) {
		t.Errorf("kept: %q", got)
	}
	j.NoteUndone(true, "app")
	write(t, filepath.Join(j.dir, keptName, "interrupted.new"), "")
	j = reopened(t, j)
	if got := kept(); !slices.Equal(got, []string{"0"}) {
		t.Errorf("kept after a restart: %q", got)
	}
}

func TestHugeFilesAreKept(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	huge := strings.Repeat("0123456789abcdef", 2<<20) // 32 MiB
	write(t, path, huge)
	j, _ := open(t, filepath.Join(dir, "state"))
	j.Begin([]Change{{"app", "v2", []string{path}}})
	j = reopened(t, j)
	r, _ := j.Record("app")
	if content, err := j.Content(r.Before[0]); err != nil || string(content) != huge {
		t.Errorf("%d bytes, %v", len(content), err)
	}
}

func TestConcurrentNotesAreAllKept(t *testing.T) {
	j, _ := open(t, t.TempDir())
	done := make(chan bool)
	want := make(map[string]Phase)
	for n := range 8 {
		set := fmt.Sprint("set ", n)
		want[set] = Healthy
		go func() {
			for range 10 {
				j.Begin([]Change{{set, "v", nil}})
				j.Note(Committed, set)
				j.Note(Healthy, set)
				j.Record(set)
			}
			done <- true
		}()
	}
	for range 8 {
		<-done
	}
	j = reopened(t, j)
	got := make(map[string]Phase)
	for set, r := range j.records {
		got[set] = r.Phase
	}
	if !maps.Equal(got, want) {
		t.Errorf("known: %v", got)
	}
}
