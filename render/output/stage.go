package output

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Staged is an output that waits beside its target. It belongs to one
// goroutine. Discard must be called in the end, also after Commit.
type Staged struct {
	target  Target
	file    file
	content []byte
	staged  *os.File // nil if nothing changes, and after Commit or Discard
	// elsewhere says that the staged file is in the directory for temporary
	// files, where it must be private whatever the target's mode is.
	elsewhere bool
	renamed   bool // and the directory not synced yet
	undo      undo
}

// undo puts back what a commit replaced.
type undo interface {
	restore() error
	forget() error
}

// Stage writes content beside the target unless the target has the same bytes,
// mode and owner already. Errors are [*Error]; nothing is left behind by them.
func Stage(t Target, content []byte) (*Staged, error) {
	switch t.Write {
	case "", Rename, Follow, InPlace:
	default:
		return nil, &Error{Op: "writing", Path: t.Path, Err: fmt.Errorf("unknown way to write %q", t.Write),
			Hint: "use rename, follow or in_place"}
	}
	f, err := inspect(t)
	if err != nil {
		return nil, err
	}
	dir := filepath.Dir(f.path)
	sweep(dir, f.path)
	if t.Backup {
		sweep(dir, f.path+backupSuffix)
	}
	s := &Staged{target: t, file: f, content: content}
	if f.holds(content) {
		return s, nil
	}
	if t.CreateDirs {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, failed("creating the directory of", f.path, err)
		}
	}
	if s.staged, err = s.claim(dir); err != nil {
		return nil, failed("staging", f.path, err)
	}
	if err := s.fill(); err != nil {
		return nil, failed("staging", f.path, errors.Join(err, s.Discard()))
	}
	return s, nil
}

// holds reports whether the file is as wanted already.
func (f file) holds(content []byte) bool {
	if f.info == nil || f.info.Size() != int64(len(content)) ||
		f.info.Mode().Perm() != f.mode || !f.matches(f.info) {
		return false
	}
	// A file that cannot be read may still be replaced.
	old, err := os.ReadFile(f.path)
	return err == nil && bytes.Equal(old, content)
}

// inPlace reports whether an existing file is written into.
func (s *Staged) inPlace() bool { return s.target.Write == InPlace && s.file.info != nil }

// claim makes the staged file. Beside a bind-mounted file there may be no
// room for one; what is written in place can be staged elsewhere.
func (s *Staged) claim(dir string) (*os.File, error) {
	f, err := claim(dir, s.file.path)
	if err != nil && s.inPlace() && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS)) {
		dir = os.TempDir()
		name := fmt.Sprintf("%s-%08x", filepath.Base(s.file.path), checksum(s.file.path))
		sweep(dir, name)
		s.elsewhere = true
		return claim(dir, name)
	}
	return f, err
}

// fill writes, and gives the file its owner and mode while nobody knows its
// name. The mode comes last: until then only the owner can read it.
func (s *Staged) fill() error {
	if _, err := s.staged.Write(s.content); err != nil {
		return err
	}
	if s.elsewhere {
		return s.staged.Sync()
	}
	if err := s.file.apply(s.staged); err != nil {
		return err
	}
	if err := s.staged.Chmod(s.file.mode); err != nil {
		return err
	}
	return s.staged.Sync()
}

// Changed reports whether Commit has anything to do.
func (s *Staged) Changed() bool { return s.staged != nil }

// Path is where the content is: the staged file, or the target if nothing
// changes or Commit has been called.
func (s *Staged) Path() string {
	if s.staged != nil {
		return s.staged.Name()
	}
	return s.file.path
}

// Discard removes whatever staging and committing left beside the target. It
// may be called at any time, also twice.
func (s *Staged) Discard() error {
	var errs []error
	if s.staged != nil {
		errs = append(errs, os.Remove(s.staged.Name()), s.staged.Close())
		s.staged = nil
	}
	if s.undo != nil {
		errs = append(errs, s.undo.forget())
		s.undo = nil
	}
	return errors.Join(errs...)
}
