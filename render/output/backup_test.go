package output_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"concierge/render/output"
)

// running makes path a program that is running, which the kernel lets nobody
// write into.
func running(t *testing.T, path string) {
	t.Helper()
	sleep, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, read(t, sleep), 0o755)
	cmd := exec.Command(path, "600")
	cmd.Args[0] = "sleep"
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func TestFailedCommitKeepsThePreviousBackup(t *testing.T) {
	for _, backup := range []string{"before", ""} {
		for _, how := range []string{output.Rename, output.Follow, output.InPlace} {
			dir := t.TempDir()
			path := filepath.Join(dir, "f")
			running(t, path)
			want := "f"
			if backup != "" {
				write(t, path+".bak", backup, 0o600)
				want = "f f.bak"
			}
			current := read(t, path)
			s := stage(t, output.Target{Path: path, Backup: true, Write: how}, "new")
			if how != output.InPlace {
				// A directory cannot be renamed over a file.
				if err := errors.Join(os.Remove(s.Path()), os.Mkdir(s.Path(), 0o700)); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Commit(); err == nil {
				t.Fatalf("%s: the commit did not fail", how)
			}
			_ = s.Discard()
			if got := names(t, dir); got != want || read(t, path) != current {
				t.Errorf("%s with backup %q: left %s, target as before: %v", how, backup, got, read(t, path) == current)
			}
			if backup != "" && read(t, path+".bak") != backup {
				t.Errorf("%s: the previous backup is gone", how)
			}
		}
	}
}

func TestRollbackReturnsThePreviousBackup(t *testing.T) {
	for _, how := range []string{output.Rename, output.Follow, output.InPlace} {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		target := output.Target{Path: path, Backup: true, Write: how}
		write(t, path, "one", 0o644)
		for _, want := range []string{"f", "f f.bak"} {
			s := stage(t, target, "bad")
			if err := s.Commit(); err != nil {
				t.Fatal(err)
			}
			if read(t, path+".bak") != "one" && want == "f" {
				t.Errorf("%s: backup is %q", how, read(t, path+".bak"))
			}
			if err := s.Rollback(); err != nil || names(t, dir) != want {
				t.Errorf("%s: %v, left %s, want %s", how, err, names(t, dir), want)
			}
			if want == "f" {
				commit(t, target, "two") // makes the backup "one"
			}
		}
		if read(t, path) != "two" || read(t, path+".bak") != "one" {
			t.Errorf("%s: %q with backup %q", how, read(t, path), read(t, path+".bak"))
		}
	}
}
