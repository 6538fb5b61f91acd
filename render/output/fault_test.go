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

func TestFailuresSayWhatToDo(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "x", 0o644)
	circle := filepath.Join(dir, "circle")
	if err := os.Symlink(circle, circle); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	for name, c := range map[string]struct {
		target output.Target
		want   string
	}{
		"no directory":     {output.Target{Path: filepath.Join(dir, "no", "f")}, "create_dirs: true"},
		"directory":        {output.Target{Path: dir}, "the destination is a directory"},
		"no regular file":  {output.Target{Path: fifo}, "the destination is not a regular file"},
		"below a file":     {output.Target{Path: filepath.Join(dir, "file", "f")}, "a part of the path is a file"},
		"unknown user":     {output.Target{Path: filepath.Join(dir, "f"), User: "no-such-user"}, `unknown user "no-such-user" (create it, or write its number)`},
		"unknown group":    {output.Target{Path: filepath.Join(dir, "f"), Group: "no-such-group"}, `unknown group "no-such-group"`},
		"circle of links":  {output.Target{Path: circle, Write: output.Follow}, "the links form a circle"},
		"unknown way":      {output.Target{Path: filepath.Join(dir, "f"), Write: "copy"}, "use rename, follow or in_place"},
		"name is too long": {output.Target{Path: filepath.Join(dir, strings.Repeat("n", 300))}, "choose a shorter file name"},
	} {
		_, err := output.Stage(c.target, []byte("x"))
		if _, ok := errors.AsType[*output.Error](err); !ok || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.want)
		}
		if err != nil && strings.Count(err.Error(), c.target.Path) != 1 {
			t.Errorf("%s: the path is not told once: %v", name, err)
		}
	}
	if got := names(t, dir); got != before {
		t.Errorf("left behind: %s", got)
	}
}

func TestFailuresOfTheSystemKeepTheTargetAndLeaveNothing(t *testing.T) {
	for name, c := range map[string]struct {
		situation string
		want      string
	}{
		"no permission": {"unprivileged", "permission denied (run concierge as a user who may write there"},
		"full disk":     {"limited", "file too large"},
	} {
		dir := t.TempDir()
		open(t, dir)
		path := filepath.Join(dir, "f")
		write(t, path, "old", 0o644)
		if name == "no permission" {
			if err := os.Chmod(dir, 0o555); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
		}
		out, err := helper(t, c.situation, path).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, said %q, want %q", name, err, out, c.want)
		}
		if read(t, path) != "old" || names(t, dir) != "f" {
			t.Errorf("%s: target %q, directory %s", name, read(t, path), names(t, dir))
		}
	}
}
