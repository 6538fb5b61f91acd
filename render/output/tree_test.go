package output_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"concierge/render/output"
)

// plain makes the files of a tree from pairs of path and content.
func plain(pairs ...string) (files []output.TreeFile) {
	for pair := range slices.Chunk(pairs, 2) {
		files = append(files, output.TreeFile{Path: pair[0], Content: []byte(pair[1])})
	}
	return files
}

func stageTree(t *testing.T, dir string, files []output.TreeFile) *output.StagedTree {
	t.Helper()
	s, err := output.StageTree(output.TreeTarget{Dir: dir}, files)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Discard() })
	return s
}

func commitTree(t *testing.T, dir string, files []output.TreeFile) {
	t.Helper()
	s := stageTree(t, dir, files)
	for _, step := range []func() error{s.Commit, s.Flush, s.Discard} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
}

// shown is what a user of the directory sees: every file below it, with its
// content, links followed; names with two dots left out.
func shown(t *testing.T, dir string) string {
	t.Helper()
	var list []string
	var walk func(rel string)
	walk = func(rel string) {
		entries, err := os.ReadDir(filepath.Join(dir, rel))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			p := filepath.Join(rel, e.Name())
			info, err := os.Stat(filepath.Join(dir, p))
			switch {
			case strings.HasPrefix(p, ".."):
			case err != nil:
				list = append(list, p+" dangles")
			case info.IsDir():
				walk(p)
			default:
				list = append(list, p+"="+read(t, filepath.Join(dir, p)))
			}
		}
	}
	walk("")
	return strings.Join(list, " ")
}

// generations lists what a tree keeps beside ..data.
func generations(t *testing.T, dir string) (list []string) {
	t.Helper()
	for _, name := range strings.Fields(names(t, dir)) {
		if strings.HasPrefix(name, "..") && name != "..data" {
			list = append(list, name)
		}
	}
	return list
}

func inForce(t *testing.T, dir string) string {
	t.Helper()
	to, err := os.Readlink(filepath.Join(dir, "..data"))
	if err != nil {
		t.Fatal(err)
	}
	return to
}

func TestTreeIsInForceOnlyAfterCommit(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("a", "1", "sub/b", "1"))
	s := stageTree(t, dir, plain("a", "2", "sub/deep/c", "2"))
	if !s.Changed() || shown(t, dir) != "a=1 sub/b=1" || shown(t, s.Path()) != "a=2 sub/deep/c=2" {
		t.Fatalf("staged %s, changed %v: %s", s.Path(), s.Changed(), shown(t, dir))
	}
	if filepath.Dir(s.Path()) != dir {
		t.Errorf("staged in %s: paths that lead out of it would lead elsewhere", s.Path())
	}
	if err := s.Commit(); err != nil || s.Changed() || s.Path() != dir || shown(t, dir) != "a=2 sub/deep/c=2" {
		t.Fatalf("commit: %v, at %s: %s", err, s.Path(), shown(t, dir))
	}
	for range 2 {
		if err := s.Discard(); err != nil {
			t.Error(err)
		}
	}
	for name, to := range map[string]string{"a": "..data/a", "sub": "..data/sub"} {
		if got, err := os.Readlink(filepath.Join(dir, name)); err != nil || got != to {
			t.Errorf("%s links to %q, %v", name, got, err)
		}
	}
}

func TestUnchangedTreeIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	files := plain("a", "1", "sub/b", "1")
	commitTree(t, dir, files)
	before := names(t, dir)
	s := stageTree(t, dir, files)
	if s.Changed() || s.Path() != dir || s.Commit() != nil || names(t, dir) != before {
		t.Errorf("changed %v, %s, then %s", s.Changed(), before, names(t, dir))
	}
}

func TestAnyDifferenceChangesATree(t *testing.T) {
	for name, files := range map[string][]output.TreeFile{
		"content": plain("a", "2", "sub/b", "1"),
		"fewer":   plain("a", "1"),
		"more":    plain("a", "1", "sub/b", "1", "sub/c", "1"),
		"place":   plain("a", "1", "b", "1"),
		"mode":    {{Path: "a", Content: []byte("1"), Mode: 0o600}, {Path: "sub/b", Content: []byte("1")}},
		"none":    nil,
	} {
		dir := t.TempDir()
		commitTree(t, dir, plain("a", "1", "sub/b", "1"))
		if s := stageTree(t, dir, files); !s.Changed() {
			t.Errorf("%s: seen as equal", name)
		}
	}
}

func TestTreeKeepsTwoGenerations(t *testing.T) {
	dir := t.TempDir()
	var last string
	for n := range 5 {
		commitTree(t, dir, plain("n", strconv.Itoa(n)))
		if got := generations(t, dir); len(got) != min(n+1, 2) || got[len(got)-1] != inForce(t, dir) {
			t.Fatalf("after %d commits: %s in force of %v", n+1, inForce(t, dir), got)
		}
		if inForce(t, dir) <= last {
			t.Errorf("%s does not sort after %s", inForce(t, dir), last)
		}
		last = inForce(t, dir)
	}
	before, err := output.Previous(dir)
	if err != nil || shown(t, before) != "n=3" {
		t.Errorf("previous is %s, %v", before, err)
	}
}

func TestGenerationsSortByCommitEvenIfTheClockWasSetBack(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("n", "1"))
	future := "..2999_12_31_23_59_59.999999999"
	if err := os.Rename(filepath.Join(dir, inForce(t, dir)), filepath.Join(dir, future)); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(future, filepath.Join(dir, "..data")); err != nil {
		t.Fatal(err)
	}
	commitTree(t, dir, plain("n", "2"))
	if got := inForce(t, dir); got != "..3000_01_01_00_00_00.000000000" {
		t.Errorf("named %s", got)
	}
	if before, err := output.Previous(dir); err != nil || filepath.Base(before) != future {
		t.Errorf("previous is %s, %v", before, err)
	}
}

func TestRollbackOfATreeBringsBackGenerationAndLinks(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("a", "1", "gone", "1", "kind/x", "1"))
	want := names(t, dir)
	s := stageTree(t, dir, plain("a", "2", "new/b", "2", "kind", "2"))
	if err := s.Commit(); err != nil || shown(t, dir) != "a=2 kind=2 new/b=2" {
		t.Fatalf("%v: %s", err, shown(t, dir))
	}
	if err := s.Rollback(); err != nil || shown(t, dir) != "a=1 gone=1 kind/x=1" || names(t, dir) != want {
		t.Errorf("%v: %s in %s", err, shown(t, dir), names(t, dir))
	}
	if s.Rollback() != nil || s.Discard() != nil || shown(t, dir) != "a=1 gone=1 kind/x=1" {
		t.Errorf("a second rollback did something: %s", shown(t, dir))
	}
}

func TestRollbackOfTheFirstTreeLeavesWhatWasThere(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mine"), "user", 0o640)
	write(t, filepath.Join(dir, "a"), "user", 0o600)
	if err := os.Symlink("mine", filepath.Join(dir, "l")); err != nil {
		t.Fatal(err)
	}
	_, _, _, inode := stat(t, filepath.Join(dir, "a"))
	s := stageTree(t, dir, plain("a", "1", "l", "1", "sub/b", "1"))
	if err := s.Commit(); err != nil || shown(t, dir) != "a=1 l=1 mine=user sub/b=1" {
		t.Fatalf("%v: %s", err, shown(t, dir))
	}
	if err := s.Rollback(); err != nil || names(t, dir) != "a l mine" {
		t.Fatalf("%v: %s", err, names(t, dir))
	}
	if _, _, _, now := stat(t, filepath.Join(dir, "a")); now != inode || shown(t, dir) != "a=user l=user mine=user" {
		t.Errorf("another file came back: %s", shown(t, dir))
	}
	if to, err := os.Readlink(filepath.Join(dir, "l")); to != "mine" {
		t.Errorf("the link points to %q, %v", to, err)
	}
}

func TestFilesOfTheUserInATreeAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "mine"), "user", 0o640)
	if err := os.MkdirAll(filepath.Join(dir, "dir", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "dangling")); err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		commitTree(t, dir, plain("f"+strconv.Itoa(n), "x"))
	}
	if got := names(t, dir); !strings.HasSuffix(got, " ..data dangling dir f2 mine") {
		t.Errorf("left: %s", got)
	}
}

func TestTreeTakesModesAndOwnersFromTheGenerationInForce(t *testing.T) {
	dir := t.TempDir()
	uid, gid := another()
	write(t, filepath.Join(dir, "was"), "user", 0o604)
	commitTree(t, dir, []output.TreeFile{
		{Path: "given", Mode: 0o640, User: strconv.Itoa(uid), Group: strconv.Itoa(gid)},
		{Path: "sub/secret", Secret: true}, {Path: "sub/plain"}, {Path: "was"},
	})
	// The same without a word about modes, with one file moved.
	commitTree(t, dir, append(plain("given", "x", "sub/plain", "x", "was", "x"), output.TreeFile{Path: "moved/secret", Secret: true}))
	for name, want := range map[string]fs.FileMode{
		"given": 0o640, "sub/plain": 0o644, "moved/secret": 0o600, "was": 0o604, "sub": 0o755, "..data": 0o755,
	} {
		if mode, _, _, _ := stat(t, filepath.Join(dir, name)); mode != want {
			t.Errorf("%s has mode %v, want %v", name, mode, want)
		}
	}
	if _, u, g, _ := stat(t, filepath.Join(dir, "given")); u != uid || g != gid {
		t.Errorf("given belongs to %d:%d", u, g)
	}
}

func TestTreesStagedTwiceCanBothBeCommitted(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("a", "0"))
	first, second := stageTree(t, dir, plain("a", "1", "b", "1")), stageTree(t, dir, plain("a", "2"))
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	// What a rollback of the first one needs is nobody's leftover.
	third := stageTree(t, dir, plain("a", "3"))
	if err := first.Rollback(); err != nil || shown(t, dir) != "a=0" {
		t.Errorf("rollback after another staging: %v: %s", err, shown(t, dir))
	}
	for n, s := range []*output.StagedTree{second, third} {
		if err := s.Commit(); err != nil || shown(t, dir) != "a="+strconv.Itoa(n+2) {
			t.Errorf("%v: %s", err, shown(t, dir))
		}
	}
	// One that is rolled back behind several finds its own predecessor.
	if err := second.Rollback(); err != nil || shown(t, dir) != "a=0" {
		t.Errorf("%v: %s", err, shown(t, dir))
	}
}

func TestRestoreTreeGoesBackAfterARestart(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("a", "1", "gone", "1"))
	if err := output.RestoreTree(dir); err == nil || !strings.Contains(err.Error(), output.ErrNoPrevious.Error()) {
		t.Errorf("nothing to go back to: %v", err)
	}
	before := inForce(t, dir)
	commitTree(t, dir, plain("a", "2", "new", "2"))
	if err := output.RestoreTree(dir); err != nil || shown(t, dir) != "a=1 gone=1" || inForce(t, dir) != before {
		t.Errorf("%v: %s", err, shown(t, dir))
	}
	if got := generations(t, dir); len(got) != 1 {
		t.Errorf("kept %v", got)
	}
	if err := output.RestoreTree(dir); err == nil || shown(t, dir) != "a=1 gone=1" {
		t.Errorf("went back twice: %v", err)
	}
}

func TestStagingCompletesLinksOfTheGenerationInForce(t *testing.T) {
	dir := t.TempDir()
	files := plain("a", "1", "b", "1", "sub/c", "1")
	commitTree(t, dir, files)
	for _, name := range []string{"b", "sub"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("..data/old", filepath.Join(dir, "old")); err != nil {
		t.Fatal(err)
	}
	stageTree(t, dir, plain("other", "2"))
	if shown(t, dir) != "a=1 b=1 sub/c=1" {
		t.Errorf("after a staging: %s", shown(t, dir))
	}
	if s := stageTree(t, dir, files); s.Changed() {
		t.Error("the same files are seen as a change")
	}
}

func TestFileInThePlaceOfALinkIsReplacedAgain(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("a", "1"))
	if err := os.Remove(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "a"), "edited", 0o644)
	s := stageTree(t, dir, plain("a", "1"))
	if !s.Changed() || shown(t, dir) != "a=edited" {
		t.Fatalf("changed %v: %s", s.Changed(), shown(t, dir))
	}
	if err := s.Commit(); err != nil || shown(t, dir) != "a=1" {
		t.Errorf("%v: %s", err, shown(t, dir))
	}
}
