package output_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"concierge/render/output"
)

func TestSymbolicLinkIsReplacedOrFollowed(t *testing.T) {
	for how, stays := range map[string]bool{output.Rename: false, output.Follow: true, output.InPlace: true} {
		dir := t.TempDir()
		file, link, path := filepath.Join(dir, "real"), filepath.Join(dir, "link"), filepath.Join(dir, "f")
		write(t, file, "old", 0o640)
		if err := os.Symlink("real", link); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(link, path); err != nil {
			t.Fatal(err)
		}
		commit(t, output.Target{Path: path, Write: how}, "new")
		info, err := os.Lstat(path)
		if err != nil || (info.Mode()&fs.ModeSymlink != 0) != stays || read(t, path) != "new" {
			t.Errorf("%s: %v, %v", how, info.Mode(), err)
		}
		if (read(t, file) == "new") != stays {
			t.Errorf("%s: the file behind the links holds %q", how, read(t, file))
		}
		if mode, _, _, _ := stat(t, path); mode != 0o640 {
			t.Errorf("%s: mode %v", how, mode)
		}
	}
}

func TestInPlaceKeepsTheInode(t *testing.T) {
	for _, content := range []string{"a much longer content than before", "s", "", "equal"} {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		write(t, path, "older", 0o640)
		_, _, _, before := stat(t, path)
		commit(t, output.Target{Path: path, Write: output.InPlace}, content)
		if _, _, _, after := stat(t, path); after != before || read(t, path) != content || names(t, dir) != "f" {
			t.Errorf("%q: inode %d → %d, holds %q, directory %s", content, before, after, read(t, path), names(t, dir))
		}
	}
}

func TestInPlaceMakesAFileThatIsNotThere(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	commit(t, output.Target{Path: path, Write: output.InPlace, Mode: 0o640}, "x")
	if mode, _, _, _ := stat(t, path); mode != 0o640 || read(t, path) != "x" {
		t.Errorf("mode %v, content %q", mode, read(t, path))
	}
}

func TestRollbackPutsBackWhatWasThere(t *testing.T) {
	for _, how := range []string{output.Rename, output.Follow, output.InPlace} {
		dir := t.TempDir()
		path := filepath.Join(dir, "f")
		write(t, path, "old", 0o640)
		s := stage(t, output.Target{Path: path, Write: how, Mode: 0o600}, "new content")
		if err := s.Commit(); err != nil {
			t.Fatal(err)
		}
		if err := s.Rollback(); err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		if mode, _, _, _ := stat(t, path); mode != 0o640 || read(t, path) != "old" || names(t, dir) != "f" {
			t.Errorf("%s: mode %v, content %q, directory %s", how, mode, read(t, path), names(t, dir))
		}
	}
}

func TestRollbackRemovesAFileThatWasNotThere(t *testing.T) {
	dir := t.TempDir()
	s := stage(t, output.Target{Path: filepath.Join(dir, "f")}, "x")
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := s.Rollback(); err != nil || names(t, dir) != "" {
		t.Errorf("%v, directory %q", err, names(t, dir))
	}
}

func TestRollbackPutsASymbolicLinkBack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "f")
	write(t, filepath.Join(dir, "real"), "old", 0o644)
	if err := os.Symlink("real", path); err != nil {
		t.Fatal(err)
	}
	s := stage(t, output.Target{Path: path}, "new")
	if err := s.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := s.Rollback(); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(path); err != nil || to != "real" || names(t, dir) != "f real" {
		t.Errorf("link to %q, %v, directory %s", to, err, names(t, dir))
	}
}

func TestNoLinksRefusesLinkedFilesAndDirectories(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{"linkeddir": "real", "real/linked": "file"} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for name, refused := range map[string]bool{"real/file": false, "real/linked": true, "linkeddir/file": true} {
		s, err := output.Stage(output.Target{Path: filepath.Join(dir, name), Mode: 0o644, NoLinks: true}, []byte("x"))
		if (err != nil) != refused {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil {
			if err := errors.Join(s.Commit(), s.Discard()); err != nil {
				t.Error(err)
			}
		}
	}
}
