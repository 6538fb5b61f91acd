package output_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"concierge/render/output"
)

func TestTreeFailuresSayWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(dir string) error
		file    output.TreeFile
		want    string
	}{
		"no directory":       {prepare: os.Remove, want: "create_dirs: true"},
		"a file":             {prepare: func(dir string) error { return errors.Join(os.Remove(dir), os.WriteFile(dir, nil, 0o600)) }, want: "a part of the path is a file"},
		"directory at link":  {prepare: func(dir string) error { return os.Mkdir(filepath.Join(dir, "f"), 0o755) }, want: "a directory stands in the place of the link (move it away"},
		"fifo at link":       {prepare: func(dir string) error { return syscall.Mkfifo(filepath.Join(dir, "f"), 0o600) }, want: "neither a file nor a link"},
		"data is no link":    {prepare: func(dir string) error { return os.Mkdir(filepath.Join(dir, "..data"), 0o755) }, want: "choose another, or remove ..data"},
		"data of others":     {prepare: func(dir string) error { return os.Symlink("elsewhere", filepath.Join(dir, "..data")) }, want: `it points to "elsewhere", which is no generation`},
		"unknown user":       {file: output.TreeFile{Path: "f", User: "no-such-user"}, want: `unknown user "no-such-user"`},
		"unknown group":      {file: output.TreeFile{Path: "f", Group: "no-such-group"}, want: `unknown group "no-such-group"`},
		"name is too long":   {file: output.TreeFile{Path: strings.Repeat("n", 300)}, want: "choose a shorter file name"},
		"empty path":         {file: output.TreeFile{Path: ""}, want: "not a clean path"},
		"the directory":      {file: output.TreeFile{Path: "."}, want: "not a clean path"},
		"absolute path":      {file: output.TreeFile{Path: "/etc/passwd"}, want: "not a clean path"},
		"path that leaves":   {file: output.TreeFile{Path: "../f"}, want: "not a clean path"},
		"path that wanders":  {file: output.TreeFile{Path: "a/../f"}, want: "not a clean path"},
		"path with a zero":   {file: output.TreeFile{Path: "a\x00"}, want: "not a clean path"},
		"name of the tree's": {file: output.TreeFile{Path: "..data"}, want: "such names belong to the tree itself"},
	} {
		dir := filepath.Join(t.TempDir(), "dir")
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if c.prepare != nil {
			c.file = output.TreeFile{Path: "f"}
			if err := c.prepare(dir); err != nil {
				t.Fatal(err)
			}
		}
		before, _ := os.ReadDir(dir)
		_, err := output.StageTree(output.TreeTarget{Dir: dir}, []output.TreeFile{c.file})
		if _, ok := errors.AsType[*output.Error](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
		if err != nil && strings.Count(err.Error(), dir) != 1 {
			t.Errorf("%s: the directory is not told once: %v", name, err)
		}
		if after, _ := os.ReadDir(dir); len(after) != len(before) {
			t.Errorf("%s: left behind: %v", name, after)
		}
	}
}

func TestTreeRefusesFilesThatExcludeEachOther(t *testing.T) {
	for want, files := range map[string][]output.TreeFile{
		`"a" is there twice`:                 plain("a", "1", "a", "2"),
		`"a" is also the directory of "a/b"`: plain("a/b", "1", "a", "2"),
	} {
		if _, err := output.StageTree(output.TreeTarget{Dir: t.TempDir()}, files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want it to say %s", err, want)
		}
	}
}

func TestTreeCreatesItsDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	s, err := output.StageTree(output.TreeTarget{Dir: dir, CreateDirs: true}, plain("f", "1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Commit(), s.Flush(), s.Discard()); err != nil || shown(t, dir) != "f=1" {
		t.Errorf("%v: %s", err, shown(t, dir))
	}
}

func TestFailedCommitOfATreeKeepsThePreviousOne(t *testing.T) {
	for name, breakIt := range map[string]func(dir, staged string) error{
		"directory at a later link": func(dir, _ string) error { return os.Mkdir(filepath.Join(dir, "z"), 0o755) },
		"staged generation is gone": func(_, staged string) error { return os.RemoveAll(staged) },
		"another has its name":      func(_, staged string) error { return errors.Join(os.RemoveAll(staged), os.Mkdir(staged, 0o755)) },
	} {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "m"), "user", 0o644)
		commitTree(t, dir, plain("a", "1", "gone", "1"))
		before := inForce(t, dir)
		s := stageTree(t, dir, plain("a", "2", "m", "2", "new", "2", "z", "2"))
		if err := breakIt(dir, s.Path()); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(); err == nil {
			t.Fatalf("%s: the commit did not fail", name)
		}
		if err := s.Discard(); err != nil && name != "another has its name" {
			t.Errorf("%s: %v", name, err)
		}
		if shown(t, dir) != "a=1 gone=1 m=user" || inForce(t, dir) != before {
			t.Errorf("%s: %s in force: %s", name, inForce(t, dir), shown(t, dir))
		}
		_ = os.Remove(filepath.Join(dir, "z"))
		commitTree(t, dir, plain("a", "3"))
		if got := generations(t, dir); len(got) != 2 {
			t.Errorf("%s: left behind: %v", name, got)
		}
	}
}

func TestRollbackWithoutThePreviousGenerationChangesNothing(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("a", "1"))
	before := filepath.Join(dir, inForce(t, dir))
	s := stageTree(t, dir, plain("a", "2", "b", "2"))
	if err := errors.Join(s.Commit(), os.RemoveAll(before)); err != nil {
		t.Fatal(err)
	}
	if err := s.Rollback(); err == nil || !strings.Contains(err.Error(), "removed by somebody else") || shown(t, dir) != "a=2 b=2" {
		t.Errorf("%v: %s", err, shown(t, dir))
	}
}

func TestTreeOutlivesTheLossOfWhatIsInForce(t *testing.T) {
	dir := t.TempDir()
	commitTree(t, dir, plain("a", "1", "b", "1"))
	if err := os.RemoveAll(filepath.Join(dir, inForce(t, dir))); err != nil {
		t.Fatal(err)
	}
	s := stageTree(t, dir, plain("a", "1"))
	if err := s.Commit(); err != nil || shown(t, dir) != "a=1" {
		t.Errorf("%v: %s", err, shown(t, dir))
	}
	if err := s.Rollback(); err != nil || shown(t, dir) != "" {
		t.Errorf("rolled back: %v: %s", err, names(t, dir))
	}
}

func TestFailuresOfTheSystemKeepTheTree(t *testing.T) {
	for name, c := range map[string]struct{ situation, want string }{
		"no permission":       {"tree unprivileged", "permission denied (run concierge as a user who may write there"},
		"full disk":           {"tree limited", "file too large"},
		"a file is a mount":   {"tree mounted", "device or resource busy (mount the whole directory"},
		"the directory is ro": {"tree readonly", "read-only file system (mount the file system writable"},
	} {
		dir := t.TempDir()
		open(t, dir)
		write(t, filepath.Join(dir, "big"), "user", 0o644)
		commitTree(t, dir, plain("a", "1", "gone", "1"))
		if name == "no permission" {
			if err := os.Chmod(dir, 0o555); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
		}
		before := names(t, dir)
		out, err := helper(t, c.situation, dir).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, said %q, want %q", name, err, out, c.want)
		}
		if got := names(t, dir); got != before || shown(t, dir) != "a=1 big=user gone=1" {
			t.Errorf("%s: %s was %s: %s", name, got, before, shown(t, dir))
		}
	}
}

// FuzzTreePathsStayInside stages whatever name a store may hold: it is refused,
// or the file is below the directory and nothing is anywhere else.
func FuzzTreePathsStayInside(f *testing.F) {
	for _, path := range []string{"a", "a/b", "../a", "a/../../b", "/a", ".a", "..a", "a//b", "a/", "a\x00", "...", "a/..", "é\xff"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		outer := t.TempDir()
		dir := filepath.Join(outer, "dir")
		s, err := output.StageTree(output.TreeTarget{Dir: dir, CreateDirs: true}, plain(path, "x"))
		if err == nil {
			if err = errors.Join(s.Commit(), s.Discard()); err == nil && read(t, filepath.Join(dir, path)) != "x" {
				t.Errorf("%q is not there", path)
			}
		}
		if got := names(t, outer); got != "dir" && got != "" {
			t.Errorf("%q: written outside: %s", path, got)
		}
	})
}
