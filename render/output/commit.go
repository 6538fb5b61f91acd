package output

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// Commit puts the content in place. If it fails the target and its backup are
// as they were. If the disk itself fails, an in_place target may be torn; then
// its backup is the whole previous content, and Rollback tries to write that
// back. Errors are [*Error].
func (s *Staged) Commit() error {
	if s.staged == nil {
		return nil
	}
	// Others may have removed or replaced the target since it was staged.
	if err := s.file.look(); err != nil {
		return err
	}
	if !s.inPlace() && !s.isThere() {
		return failed("replacing", s.file.path, errStolen)
	}
	older, err := s.backUp()
	if err != nil {
		return failed("keeping a backup of", s.file.path, err)
	}
	if s.inPlace() {
		err = s.commitInPlace()
	} else {
		err = s.commitRename()
	}
	return s.settle(older, err)
}

// errStolen says that somebody tidied up beside the target.
var errStolen = errors.New("the staged file beside it was removed or replaced by somebody else")

// isThere reports whether the staged file still has its name. Without this a
// rename could take whatever else came to have that name.
func (s *Staged) isThere() bool {
	ours, err := s.staged.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(s.staged.Name())
	return err == nil && os.SameFile(ours, there)
}

// settle decides on the backup that a commit has replaced: what can be rolled
// back takes it along, a commit that changed nothing returns it at once.
func (s *Staged) settle(older undo, err error) error {
	switch {
	case older == nil:
		return err
	case s.undo != nil:
		s.undo = both{s.undo, older}
		return err
	}
	if lost := errors.Join(older.restore(), older.forget()); lost != nil {
		err = errors.Join(err, failed("restoring", s.file.path+backupSuffix, lost))
	}
	return err
}

// Rollback undoes Commit, the backup it made included, as long as Discard was
// not called. Errors are [*Error].
func (s *Staged) Rollback() error {
	if s.undo == nil {
		return nil
	}
	if err := s.undo.restore(); err != nil {
		return failed("restoring", s.file.path, err)
	}
	err := s.undo.forget()
	s.undo = nil
	return err
}

func (s *Staged) commitRename() error {
	undo, err := previous(s.file)
	if err != nil {
		return failed("keeping the previous version of", s.file.path, err)
	}
	if err := os.Rename(s.staged.Name(), s.file.path); err != nil {
		return failed("replacing", s.file.path, errors.Join(err, undo.forget()))
	}
	s.undo = undo
	err = s.staged.Close()
	s.staged, s.renamed = nil, true
	if err != nil {
		return failed("replacing", s.file.path, err)
	}
	return nil
}

// Flush makes a Commit last: after a crash of the machine the new content is
// there. That is apart from Commit so that many files of one directory cost
// little more than one. Errors are [*Error].
func (s *Staged) Flush() error {
	if !s.renamed {
		return nil
	}
	s.renamed = false
	if err := syncDir(filepath.Dir(s.file.path)); err != nil {
		return failed("syncing", s.file.path, err)
	}
	return nil
}

// syncDir makes a rename durable. File systems that cannot sync a directory
// say so with EINVAL or ENOTSUP, and need it not.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return nil // not readable, so not ours to sync; the rename is done
	}
	defer d.Close()
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		return nil
	}
	return err
}
