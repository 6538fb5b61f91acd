package output

import (
	"errors"
	"path/filepath"
	"syscall"
)

// Commit puts the staged generation in force and gives the directory its links.
// If it fails the directory is as it was. Errors are [*Error].
func (s *StagedTree) Commit() error {
	if s.staged == nil {
		return nil
	}
	if !s.staged.isThere() {
		return failed("replacing", s.dir, errStolen)
	}
	now, err := lookAtTree(s.dir)
	if err != nil {
		return err
	}
	undo, err := now.keep()
	if err != nil {
		return failed("keeping the previous version of", s.dir, err)
	}
	if err = s.replace(now, undo); err == nil {
		err = s.relink(now, undo)
	}
	if err != nil {
		err = treeFailed(s.dir, err)
		if lost := errors.Join(undo.restore(), undo.forget()); lost != nil {
			err = errors.Join(err, failed("restoring", s.dir, lost))
		}
		return err
	}
	s.staged.share()
	undo.made, s.staged = s.staged, nil
	s.undo, s.committed = undo, true
	return nil
}

// treeFailed says what helps where a link cannot take a file's place.
func treeFailed(dir string, err error) error {
	if errors.Is(err, syscall.EBUSY) || errors.Is(err, syscall.EXDEV) {
		return &Error{Op: "replacing", Path: dir, Err: err, Hint: "mount the whole directory instead of single files in it"}
	}
	return failed("replacing", dir, err)
}

// replace is the step that changes all files at once. The generation's name is
// on disk before anything points to it.
func (s *StagedTree) replace(now tree, undo *treeUndo) error {
	name := now.next()
	if err := s.staged.rename(filepath.Join(s.dir, name)); err != nil {
		return err
	}
	if err := syncDir(s.dir); err != nil {
		return err
	}
	return undo.link(name, filepath.Join(s.dir, dataName))
}

// relink makes the links that are not there yet, then removes those of names
// that the set has no longer.
func (s *StagedTree) relink(now tree, undo *treeUndo) error {
	for _, name := range s.names {
		if contains(now.links, name) {
			continue
		}
		if err := undo.link(linkText(name), filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	for _, name := range now.links {
		if contains(s.names, name) {
			continue
		}
		if err := undo.unlink(filepath.Join(s.dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// Rollback undoes Commit, as long as Discard was not called: the previous
// generation is in force again with its links, and files that the links took
// the place of are back. Errors are [*Error]; it may be called again after one.
func (s *StagedTree) Rollback() error {
	if s.undo == nil {
		return nil
	}
	if err := s.undo.restore(); err != nil {
		return failed("restoring", s.dir, err)
	}
	if err := syncDir(s.dir); err != nil {
		return failed("syncing", s.dir, err)
	}
	s.committed = false
	return s.Discard()
}
