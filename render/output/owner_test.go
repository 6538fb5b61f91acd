package output_test

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"concierge/render/output"
)

// another is an owner other than the process's own if it may give files away,
// else its own.
func another() (uid, gid int) {
	if os.Getuid() == 0 {
		return 4711, 4712
	}
	return os.Getuid(), os.Getgid()
}

func TestOwnerIsSetBeforeTheFileHasItsName(t *testing.T) {
	uid, gid := another()
	for _, how := range []string{output.Rename, output.Follow, output.InPlace} {
		path := filepath.Join(t.TempDir(), "f")
		s := stage(t, output.Target{Path: path, User: strconv.Itoa(uid), Group: strconv.Itoa(gid), Write: how}, "x")
		if _, u, g, _ := stat(t, s.Path()); u != uid || g != gid {
			t.Errorf("%s: staged for %d:%d", how, u, g)
		}
		if err := s.Commit(); err != nil {
			t.Fatal(err)
		}
		if _, u, g, _ := stat(t, path); u != uid || g != gid {
			t.Errorf("%s: belongs to %d:%d, want %d:%d", how, u, g, uid, gid)
		}
	}
}

func TestOwnerOfTheExistingFileIsKept(t *testing.T) {
	uid, gid := another()
	for _, how := range []string{output.Rename, output.Follow, output.InPlace} {
		path := filepath.Join(t.TempDir(), "f")
		write(t, path, "old", 0o640)
		if err := os.Chown(path, uid, gid); err != nil {
			t.Fatal(err)
		}
		commit(t, output.Target{Path: path, Write: how}, "new")
		if mode, u, g, _ := stat(t, path); u != uid || g != gid || mode != 0o640 {
			t.Errorf("%s: belongs to %d:%d with %v, want %d:%d", how, u, g, mode, uid, gid)
		}
	}
}

func TestChangeOfOwnerAloneIsApplied(t *testing.T) {
	uid, _ := another()
	for _, how := range []string{output.Rename, output.InPlace} {
		path := filepath.Join(t.TempDir(), "f")
		write(t, path, "same", 0o640)
		commit(t, output.Target{Path: path, User: strconv.Itoa(uid), Write: how}, "same")
		if _, u, _, _ := stat(t, path); u != uid {
			t.Errorf("%s: belongs to %d, want %d", how, u, uid)
		}
	}
}

func TestOwnerMayBeANameOfTheSystem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	s, err := output.Stage(output.Target{Path: path, User: "root", Group: "root"}, []byte("x"))
	if os.Getuid() != 0 {
		if err == nil {
			t.Error("a file was given away without the right to")
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, uid, gid, _ := stat(t, s.Path()); uid != 0 || gid != 0 {
		t.Errorf("belongs to %d:%d", uid, gid)
	}
	if err := s.Discard(); err != nil {
		t.Error(err)
	}
}
