package admin_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"concierge/internal/admin"
)

// listen makes a socket that is closed with the test.
func listen(t *testing.T, path string) *admin.Socket {
	t.Helper()
	s, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// dead leaves the socket of a program that is gone.
func dead(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestSocketIsNeverOpenToOthers looks at everything that appears in the
// directory while sockets are made, with a umask that forbids nothing.
func TestSocketIsNeverOpenToOthers(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0))
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	var done atomic.Bool
	var seen atomic.Int64
	var watching sync.WaitGroup
	watching.Go(func() {
		for !done.Load() {
			entries, _ := os.ReadDir(dir)
			for _, e := range entries {
				info, err := e.Info()
				if err != nil {
					continue // it is gone
				}
				seen.Add(1)
				if info.Mode().Perm()&0o077 != 0 {
					t.Errorf("%s has mode %v", e.Name(), info.Mode())
				}
			}
		}
	})
	for n := 0; n < 300 || seen.Load() < 300 && n < 100_000; n++ {
		s, err := admin.Listen(path)
		if err != nil {
			t.Fatal(err)
		}
		info, err := os.Lstat(path)
		if err != nil || info.Mode() != fs.ModeSocket|0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	done.Store(true)
	watching.Wait()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSocketOfAnInstanceThatWasKilledIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead(t, path)
	err := errors.Join(os.WriteFile(path+".lock", nil, 0o600), os.Mkdir(path+".new", 0o700))
	if err != nil {
		t.Fatal(err)
	}
	dead(t, path+".new/s") // it was killed in the middle
	listen(t, path)
	if conn, err := net.Dial("unix", path); err != nil {
		t.Error(err)
	} else {
		_ = conn.Close()
	}
}

func TestLiveSocketIsRefused(t *testing.T) {
	dir := t.TempDir()
	own, foreign := filepath.Join(dir, "own"), filepath.Join(dir, "foreign")
	listen(t, own)
	l, err := net.Listen("unix", foreign) // by a program that knows no locks
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	for _, path := range []string{own, foreign} {
		if _, err := admin.Listen(path); !errors.Is(err, admin.ErrInUse) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
		if conn, err := net.Dial("unix", path); err != nil {
			t.Errorf("%s does not serve any more: %v", path, err)
		} else {
			_ = conn.Close()
		}
	}
}

func TestOfManyThatStartAtOnceOneHasTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	for range 50 {
		dead(t, path)
		var won []*admin.Socket
		var mu sync.Mutex // guards won
		var starting sync.WaitGroup
		for range 16 {
			starting.Go(func() {
				s, err := admin.Listen(path)
				if err != nil && !errors.Is(err, admin.ErrInUse) {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					won = append(won, s)
				}
			})
		}
		starting.Wait()
		if len(won) != 1 {
			t.Fatalf("%d have the socket", len(won))
		}
		if err := won[0].Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileThatIsNoSocketIsKept(t *testing.T) {
	dir := t.TempDir()
	for name, make := range map[string]func(path string) error{
		"file":      func(path string) error { return os.WriteFile(path, []byte("data"), 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"link":      func(path string) error { return os.Symlink("elsewhere", path) },
	} {
		path := filepath.Join(dir, name)
		if err := make(path); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Lstat(path)
		if _, err := admin.Listen(path); err == nil || !strings.Contains(err.Error(), "not a socket") {
			t.Errorf("%s: %v", name, err)
		}
		if after, err := os.Lstat(path); err != nil || !os.SameFile(before, after) {
			t.Errorf("%s is not what it was: %v", name, err)
		}
	}
}

func TestEndLeavesTheSocketOfSomebodyElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	s := listen(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	dead(t, path)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error("it removed what it had not made:", err)
	}
}

func TestLongestPathWorksAndALongerOneSaysSo(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "c")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	longest := dir + "/" + strings.Repeat("x", admin.MaxPath-len(dir)-1)
	listen(t, longest)
	if _, err := admin.Listen(longest + "x"); err == nil || !strings.Contains(err.Error(), "102 bytes") {
		t.Errorf("error %v", err)
	}
}

func TestSocketWithoutItsDirectoryIsAnError(t *testing.T) {
	if _, err := admin.Listen(filepath.Join(t.TempDir(), "no", "s")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
