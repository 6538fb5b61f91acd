package output_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"concierge/render/output"
)

func write(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// stat returns the mode, owner and inode of what is at path, links followed.
func stat(t *testing.T, path string) (mode fs.FileMode, uid, gid int, inode uint64) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	s := info.Sys().(*syscall.Stat_t)
	return info.Mode().Perm(), int(s.Uid), int(s.Gid), s.Ino
}

func stage(t *testing.T, target output.Target, content string) *output.Staged {
	t.Helper()
	s, err := output.Stage(target, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Discard() })
	return s
}

func commit(t *testing.T, target output.Target, content string) {
	t.Helper()
	s := stage(t, target, content)
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := s.Discard(); err != nil {
		t.Fatal(err)
	}
}

// names lists a directory, so that leftovers show.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestStageLeavesTheTargetAloneUntilCommit(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "app.yml")
	write(t, path, "old", 0o600)
	s := stage(t, output.Target{Path: path}, "new")
	if !s.Changed() || read(t, path) != "old" || read(t, s.Path()) != "new" {
		t.Fatalf("staged %s, changed %v", s.Path(), s.Changed())
	}
	if err := s.Commit(); err != nil || s.Changed() || s.Path() != path || read(t, path) != "new" {
		t.Fatalf("commit: %v, at %s", err, s.Path())
	}
	for range 2 {
		if err := s.Discard(); err != nil {
			t.Error(err)
		}
	}
	if got := names(t, dir); got != "app.yml" {
		t.Errorf("left behind: %s", got)
	}
}

func TestDiscardedOutputLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := stage(t, output.Target{Path: filepath.Join(dir, "f")}, "x")
	if err := s.Discard(); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(); err != nil || names(t, dir) != "" {
		t.Errorf("after a discard: commit %v, directory %q", err, names(t, dir))
	}
}

func TestUnchangedOutputIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	write(t, path, "same", 0o640)
	_, _, _, before := stat(t, path)
	s := stage(t, output.Target{Path: path, Mode: 0o640, Backup: true}, "same")
	if s.Changed() || s.Path() != path {
		t.Errorf("changed %v, path %s", s.Changed(), s.Path())
	}
	if err := s.Commit(); err != nil {
		t.Error(err)
	}
	if _, _, _, after := stat(t, path); after != before || names(t, dir) != "f" {
		t.Errorf("the file was replaced, or something left: %s", names(t, dir))
	}
}

func TestModeFollowsTargetThenExistingFileThenDefault(t *testing.T) {
	for name, c := range map[string]struct {
		existing, wanted fs.FileMode
		secret           bool
		want             fs.FileMode
	}{
		"given":            {existing: 0o600, wanted: 0o664, want: 0o664},
		"existing":         {existing: 0o604, want: 0o604},
		"existing, secret": {existing: 0o644, secret: true, want: 0o640}, // nothing for the world
		"new":              {want: 0o644},
		"new, secret":      {secret: true, want: 0o600},
	} {
		path := filepath.Join(t.TempDir(), "f")
		if c.existing != 0 {
			write(t, path, "old", c.existing)
		}
		s := stage(t, output.Target{Path: path, Mode: c.wanted, Secret: c.secret}, "new")
		if mode, _, _, _ := stat(t, s.Path()); mode != c.want {
			t.Errorf("%s: staged with %v, want %v", name, mode, c.want)
		}
		if err := s.Commit(); err != nil {
			t.Fatal(err)
		}
		if mode, _, _, _ := stat(t, path); mode != c.want {
			t.Errorf("%s: written with %v, want %v", name, mode, c.want)
		}
	}
}

func TestChangeOfModeAloneIsApplied(t *testing.T) {
	for _, how := range []string{output.Rename, output.Follow, output.InPlace} {
		path := filepath.Join(t.TempDir(), "f")
		write(t, path, "same", 0o644)
		commit(t, output.Target{Path: path, Mode: 0o600, Write: how}, "same")
		if mode, _, _, _ := stat(t, path); mode != 0o600 {
			t.Errorf("%s: mode %v", how, mode)
		}
	}
}

func TestCreateDirsMakesParents(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a", "b", "f")
	commit(t, output.Target{Path: path, CreateDirs: true}, "x")
	if mode, _, _, _ := stat(t, filepath.Dir(path)); mode != 0o755 || read(t, path) != "x" {
		t.Errorf("directory mode %v", mode)
	}
}

func TestBackupKeepsThePreviousVersion(t *testing.T) {
	for _, how := range []string{output.Rename, output.Follow, output.InPlace} {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		target := output.Target{Path: path, Backup: true, Write: how}
		commit(t, target, "one")
		if got := names(t, dir); got != "f" {
			t.Errorf("%s: after the first version: %s", how, got)
		}
		for _, version := range [][2]string{{"two", "one"}, {"three", "two"}} {
			commit(t, target, version[0])
			if read(t, path) != version[0] || read(t, path+".bak") != version[1] || names(t, dir) != "f f.bak" {
				t.Errorf("%s: %q with backup %q in %s", how, read(t, path), read(t, path+".bak"), names(t, dir))
			}
		}
	}
}

func TestStagingTwiceKeepsBoth(t *testing.T) {
	dir := t.TempDir()
	target := output.Target{Path: filepath.Join(dir, "f")}
	first, second := stage(t, target, "first"), stage(t, target, "second")
	if first.Path() == second.Path() || read(t, first.Path()) != "first" || read(t, second.Path()) != "second" {
		t.Fatalf("%s and %s", first.Path(), second.Path())
	}
	if err := first.Commit(); err != nil {
		t.Fatal(err)
	}
	// What the first commit keeps for a rollback is not a leftover either.
	third := stage(t, target, "third")
	if err := first.Rollback(); err != nil || names(t, dir) == "" {
		t.Errorf("rollback after another staging: %v", err)
	}
	if err := third.Commit(); err != nil || read(t, target.Path) != "third" {
		t.Errorf("%v", err)
	}
}

func TestLongNamesCanBeStaged(t *testing.T) {
	path := filepath.Join(t.TempDir(), strings.Repeat("n", 250))
	commit(t, output.Target{Path: path}, "x")
	if read(t, path) != "x" {
		t.Error("not written")
	}
}

func TestCommitNoticesThatTheStagedFileIsGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "old", 0o644)
	s := stage(t, output.Target{Path: path, Backup: true}, "new")
	if err := os.Remove(s.Path()); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(); err == nil || !strings.Contains(err.Error(), "somebody else") {
		t.Errorf("commit: %v", err)
	}
	if b, err := os.ReadFile(path); string(b) != "old" {
		t.Errorf("the target says %q, %v", b, err)
	}
}
