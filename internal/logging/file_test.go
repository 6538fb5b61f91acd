package logging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"concierge/internal/config"
)

// files returns the contents of the log files in dir, oldest first, and fails
// for files of other names.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if !regexp.MustCompile(`^app-[0-9]{18,19}\.log$`).MatchString(e.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(b))
	}
	return all
}

// open begins a series in a new directory.
func open(t *testing.T, cfg config.LogFile) (*rotatingFile, string, *output) {
	t.Helper()
	dir := t.TempDir()
	cfg.Path = filepath.Join(dir, "app.log")
	stderr := new(output)
	f, err := openRotating(cfg, Stderr(stderr, config.Log{Format: "text", Level: "info"}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, dir, stderr
}

func write(t *testing.T, f *rotatingFile, messages ...string) {
	t.Helper()
	for _, m := range messages {
		if n, err := f.Write([]byte(m)); n != len(m) || err != nil {
			t.Fatalf("writing %q: %d, %v", m, n, err)
		}
	}
}

func TestAFileEndsWithTheMessageThatFillsIt(t *testing.T) {
	f, dir, _ := open(t, config.LogFile{RotateBytes: 6})
	write(t, f, "12345", "6", "78", "9", "longer than the limit", "end")
	if got, want := strings.Join(files(t, dir), "|"), "123456|789longer than the limit|end"; got != want {
		t.Errorf("files hold %q, want %q", got, want)
	}
}

func TestAFileEndsWithItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f, dir, _ := open(t, config.LogFile{RotateInterval: time.Hour})
		write(t, f, "a")
		time.Sleep(time.Hour - time.Nanosecond)
		write(t, f, "b")
		time.Sleep(time.Nanosecond)
		write(t, f, "c")
		time.Sleep(3 * time.Hour) // nothing to log makes no files
		write(t, f, "d")
		if got := strings.Join(files(t, dir), "|"); got != "ab|c|d" {
			t.Errorf("files hold %q", got)
		}
	})
}

func TestTheOldestFilesAreRemoved(t *testing.T) {
	for maxFiles, want := range map[int]string{0: "a|b|c|d|e", 2: "c|d|e", 9: "a|b|c|d|e", -1: "e"} {
		f, dir, _ := open(t, config.LogFile{RotateBytes: 1, MaxFiles: maxFiles})
		write(t, f, "a", "b", "c", "d", "e")
		if got := strings.Join(files(t, dir), "|"); got != want {
			t.Errorf("max_files %d: files hold %q, want %q", maxFiles, got, want)
		}
	}
}

func TestARestartCountsTheFilesOfEarlierRuns(t *testing.T) {
	dir := t.TempDir()
	for n := range 4 {
		name := fmt.Sprintf("app-160000000000000000%d.log", n)
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Append(nil, n), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, stranger := range []string{"app.log", "app-access.log", "app-1.txt", "app-.log", "apps-1600000000000000000.log"} {
		if err := os.WriteFile(filepath.Join(dir, stranger), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f, err := openRotating(config.LogFile{Path: filepath.Join(dir, "app.log"), MaxFiles: 2}, Stderr(new(output), config.Log{}))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	write(t, f, "new")
	if got := strings.Join(files(t, dir), "|"); got != "2|3|new" {
		t.Errorf("files hold %q", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3+5 {
		t.Errorf("%d files, %v: a stranger was removed", len(entries), err)
	}
}

func TestFilesAreNamedAsInConsulTemplate(t *testing.T) {
	dir := t.TempDir()
	at := time.Unix(1_700_000_000, 5)
	for path, want := range map[string]string{
		"/var/log/app.log":  "/var/log/app-1700000000000000005.log",
		"/var/log/app":      "/var/log/app-1700000000000000005.log",
		"/var/log/app.json": "/var/log/app-1700000000000000005.json",
		"a.b.log":           "a.b-1700000000000000005.log",
		"/var/log/":         "/var/log/concierge-1700000000000000005.log",
		dir:                 dir + "/concierge-1700000000000000005.log",
	} {
		if got := seriesOf(path).at(at); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestOthersCannotReadTheLog(t *testing.T) {
	_, dir, _ := open(t, config.LogFile{})
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := entries[0].Info(); err != nil || info.Mode()&0o027 != 0 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestAFileThatCannotBeOpenedIsAnErrorWithAHint(t *testing.T) {
	cfg := config.Log{File: &config.LogFile{Path: filepath.Join(t.TempDir(), "none", "app.log")}}
	_, err := New(new(output), cfg)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "set log.file.path)") {
		t.Errorf("got %v", err)
	}
}

func TestAFailedRotationContinuesThePresentFile(t *testing.T) {
	f, dir, stderr := open(t, config.LogFile{RotateBytes: 1})
	away := dir + ".away"
	write(t, f, "a")
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	write(t, f, "b", "c")
	if n := strings.Count(stderr.String(), "a log destination fails"); n != 1 {
		t.Errorf("told %d times:\n%s", n, stderr)
	}
	if err := os.Rename(away, dir); err != nil {
		t.Fatal(err)
	}
	write(t, f, "d")
	if got := strings.Join(files(t, dir), "|"); got != "abc|d" {
		t.Errorf("files hold %q", got)
	}
	if !strings.Contains(stderr.String(), "works again") {
		t.Errorf("not told that it works:\n%s", stderr)
	}
}

func TestAFullDiskStopsNothing(t *testing.T) {
	dir := t.TempDir()
	makeRoom := fill(t, dir)
	log, stderr := start(t, config.Log{Level: "info", Format: "text", File: &config.LogFile{Path: filepath.Join(dir, "app.log")}})
	for n := range 200 {
		log.Info("message", "n", n, "text", strings.Repeat("x", 200))
	}
	if n := strings.Count(stderr.String(), "a log destination fails"); n != 1 {
		t.Errorf("told %d times", n)
	}
	full := files(t, dir)[0]
	makeRoom()
	log.Info("there is room again")
	if got := files(t, dir)[0]; !strings.HasSuffix(full, "\n") || !strings.HasPrefix(got, full) || !strings.HasSuffix(got, "again\"\n") {
		t.Errorf("the file does not consist of whole messages: …%q", got[max(0, len(got)-300):])
	}
	if missed := toldMissed(t, stderr.String()); missed != 200-strings.Count(full, "\n") {
		t.Errorf("%d messages written, %d told as missed", strings.Count(full, "\n"), missed)
	}
}

// fill leaves room for 16 KiB in dir until makeRoom is called: a small file
// system, or for users who may not mount one, a limit on the size of files.
func fill(t *testing.T, dir string) (makeRoom func()) {
	t.Helper()
	err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16k")
	if err == nil {
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
