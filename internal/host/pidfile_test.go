package host

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

func TestThePIDFileHoldsThePIDUntilItIsRemoved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.pid")
	remove, err := WritePIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != strconv.Itoa(os.Getpid()) {
		t.Errorf("it says %q", got)
	}
	for range 2 {
		if err := remove(); err != nil {
			t.Error(err)
		}
	}
	if left := names(t, filepath.Dir(path)); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

func TestThePIDFileHasThePermissionsThatTheUmaskLeaves(t *testing.T) {
	for umask, want := range map[int]fs.FileMode{0o022: 0o644, 0: 0o644, 0o077: 0o600} {
		path := filepath.Join(t.TempDir(), "app.pid")
		usual := unix.Umask(umask)
		_, err := WritePIDFile(path)
		unix.Umask(usual)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(path); err != nil || info.Mode() != want {
			t.Errorf("umask %04o: mode %v, %v, want %v", umask, info.Mode(), err, want)
		}
	}
}

func TestThePIDOfAnotherProcessIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.pid")
	if err := os.WriteFile(path, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := WritePIDFile(path); err != nil || read(t, path) != strconv.Itoa(os.Getpid()) {
		t.Errorf("it says %q, %v", read(t, path), err)
	}
}

func TestAFileThatAnotherProcessHasTakenOverStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.pid")
	remove, err := WritePIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := remove(); err != nil || read(t, path) != "1" {
		t.Errorf("it says %q, %v", read(t, path), err)
	}
}

func TestALinkToThePIDFileStays(t *testing.T) {
	dir := t.TempDir()
	link, target := filepath.Join(dir, "link"), filepath.Join(dir, "app.pid")
	for _, err := range []error{os.WriteFile(target, nil, 0o644), os.Symlink(target, link)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	remove, err := WritePIDFile(link)
	if err != nil || read(t, target) != strconv.Itoa(os.Getpid()) {
		t.Fatalf("the target says %q, %v", read(t, target), err)
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if left := names(t, dir); strings.Join(left, " ") != "link" {
		t.Errorf("%v are left", left)
	}
}

// TestWhatIsNoFileIsNeverReplaced uses a pipe; a device such as /dev/null is
// treated the same.
func TestWhatIsNoFileIsNeverReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	remove, err := WritePIDFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := strconv.Itoa(os.Getpid())
	got := make([]byte, len(want))
	if _, err := reader.Read(got); err != nil || string(got) != want {
		t.Errorf("the pipe got %q, %v", got, err)
	}
	if err := remove(); err != nil {
		t.Error(err)
	}
	if info, err := os.Lstat(path); err != nil || info.Mode().Type() != fs.ModeNamedPipe {
		t.Errorf("the pipe is gone: %v", err)
	}
}

func TestAPIDFileThatCannotBeWrittenIsAnErrorWithAHint(t *testing.T) {
	dir := t.TempDir()
	for name, path := range map[string]string{"no directory": filepath.Join(dir, "none", "app.pid"), "is a directory": dir} {
		remove, err := WritePIDFile(path)
		if err == nil || remove != nil || !strings.Contains(err.Error(), "set pid_file)") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := WritePIDFile(filepath.Join(dir, "none", "app.pid")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the cause is lost: %v", err)
	}
	if left := names(t, dir); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestAReaderNeverSeesHalfAPID writes again and again beside a reader in
// another process.
func TestAReaderNeverSeesHalfAPID(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.pid")
	if _, err := WritePIDFile(path); err != nil {
		t.Fatal(err)
	}
	reader := exec.Command("sh", "-c", `for i in $(seq 500); do read pid <"$0"; [ "$pid" = "$1" ] || echo "bad: $pid"; done`,
		path, strconv.Itoa(os.Getpid()))
	var out []byte
	var err error
	var done sync.WaitGroup
	done.Go(func() { out, err = reader.CombinedOutput() })
	for range 2000 {
		if _, err := WritePIDFile(path); err != nil {
			t.Error(err)
		}
	}
	done.Wait()
	if err != nil && reader.ProcessState.ExitCode() != 1 || len(out) > 0 { // read without a newline is 1
		t.Errorf("%v: %s", err, out)
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

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}
